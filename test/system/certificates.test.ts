import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { type Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';

import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

import { handshake } from '../../lib/entrance/handshake';
import { type Secure, secureOrigin, shownBy, trusting } from '../../scripts/demo/secure';
import { startWorld, type World } from '../../scripts/local/world';
import { printed } from '../../scripts/status/print';
import { named } from '../../scripts/status/stage';
import { lookAt } from '../../scripts/status/status';
import { observer } from './observer';

jest.setTimeout(120_000);

const name = 'sluice.test';
const prefix = '/sluice/dev';

let world: World;
const moments: string[] = [];
beforeAll(async () => {
  world = await startWorld({ certificates: true, delays: { commandMs: 100, eventMs: 20 } });
  world.onMoment(({ text }) => moments.push(text));
  const containers = [
    { name: 'web', command: [process.execPath, '-e', files], containerPort: 8080, labels: { 'haproxy.host': name } },
  ];
  const taskDefinition = world.ecs.registerTaskDefinition({ family: 'files', containers });
  world.ecs.createService({ name: 'files', taskDefinition, desiredCount: 1 });
  while ((await plainly()) !== 200) await pause(100);
}, 60_000);
afterAll(() => world?.stop());

/** A task whose download ends when it is told to. */
const files = `
  let finished = false;
  require('node:http').createServer(({ url }, response) => {
    finished ||= url === '/finish';
    if (url !== '/download') return response.end('well');
    const parts = setInterval(() => {
      response.write('part ');
      if (!finished) return;
      clearInterval(parts);
      response.end('whole');
    }, 50);
  }).listen(process.env.PORT, process.env.HOST);`;

/** A visitor who trusts the CA and nobody else. */
const secure = (): Secure => ({
  host: name,
  port: world.proxy.https.port,
  root: world.aws.issuance.pebble?.root ?? 'no CA',
});
const fresh = () => trusting(secure(), { keepAlive: false });
async function begin(path: string, agent: Agent) {
  const asked = request(secureOrigin(secure()) + path, { agent }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const socket = answer.socket as TLSSocket;
  const seen = {
    status: answer.statusCode,
    serial: socket.getPeerCertificate().serialNumber,
    port: socket.localPort,
  };
  const whole = async (): Promise<string> => {
    let text = '';
    for await (const part of answer.setEncoding('utf8')) text += part;
    return text;
  };
  return { seen, whole };
}
async function ask(path: string, agent = fresh()) {
  const { seen, whole } = await begin(path, agent);
  return { ...seen, body: await whole() };
}
/** What HTTP answers. */
async function plainly(): Promise<number | undefined> {
  const asked = plainRequest({ ...world.proxy.http, headers: { host: name }, agent: false }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer.resume().statusCode;
}
const stored = () => parameter<{ serial: string }[]>('certificates/index')[0]?.serial;

const served = async () => (await handshake({ ...world.proxy.https, servername: name, timeoutMs: 2_000 })).leaf;
const parameter = <Shape>(path: string): Shape => JSON.parse(world.aws.parameters.read(`${prefix}/${path}`) ?? 'null');
const write = (path: string, value: object) =>
  world.aws.parameters.put({
    Name: `${prefix}/${path}`,
    Value: JSON.stringify(value),
    Type: 'String',
    Overwrite: true,
  });
/** One day of ninety is left of the certificate. */
function age(): void {
  const state = parameter<{ held: object }>(`acme/state/${name}`);
  const [notBefore, notAfter] = [Date.now() - 89 * 86_400_000, Date.now() + 86_400_000];
  write(`acme/state/${name}`, { ...state, asked: undefined, held: { ...state.held, notBefore, notAfter } });
}
async function run(number: number) {
  while (world.aws.runs.length < number) await pause(50);
  return world.aws.runs[number - 1];
}
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(20);
}
const text = () => {
  const zone = world.aws.stack.functions.flatMap(
    ({ Environment }) => Environment?.Variables.SLUICE_HOSTED_ZONE_ID ?? [],
  );
  return world.aws.issuance.route53.records(zone[0] ?? '').filter(({ Type }) => Type === 'TXT');
};

it('lives: none; issued after a deploy and served; due, renewed, and served by the same process while nothing breaks off', async () => {
  await expect(shownBy(secure())).rejects.toThrow('self-signed certificate');
  expect(await plainly()).toBe(200);

  world.aws.deployed('CREATE_COMPLETE');
  expect((await run(1))?.result).toStrictEqual({
    certificates: [{ name, did: 'renewed', why: 'none is stored' }],
    served: 1,
  });
  const first = stored();
  expect((await served()).names).toStrictEqual([name, `*.${name}`]);
  expect(await ask('/')).toMatchObject({ status: 200, body: 'well', serial: first });
  expect(await plainly()).toBe(308);

  const [pid, reloads] = [await world.proxy.pid(), await world.proxy.reloads()];
  const kept = trusting(secure(), { keepAlive: true, maxSockets: 1 });
  const asked = [await ask('/', kept)];
  const download = await begin('/download', fresh());
  age();
  world.aws.rareTick();
  while (world.aws.runs.length < 2) {
    asked.push(await ask('/', kept));
    await pause(500);
  }

  expect(world.aws.runs[1]?.result).toStrictEqual({
    certificates: [{ name, did: 'renewed', why: '1 of its 90 days are left' }],
    served: 1,
  });
  expect(stored()).not.toBe(first);
  expect((await ask('/')).serial).toBe(stored());
  expect([await world.proxy.pid(), await world.proxy.reloads()]).toStrictEqual([pid, reloads]);
  const [before] = asked;
  expect(before).toMatchObject({ status: 200, body: 'well', serial: first });
  asked.push(await ask('/', kept));
  for (const answer of asked) expect(answer).toStrictEqual(before);
  await ask('/finish');
  expect(download.seen).toMatchObject({ status: 200, serial: first });
  expect(await download.whole()).toMatch(/^(part ){40,}whole$/);
  expect(world.denied()).toStrictEqual([]);
  kept.destroy();
});

it('other stacks’ deploys, and those that failed, wake nobody', async () => {
  const [rule] = world.aws.stack.rules.filter(({ EventPattern }) =>
    JSON.stringify(EventPattern).includes('cloudformation'),
  );

  expect(JSON.stringify(rule?.EventPattern)).toContain('stack/sluice-local/');
  world.aws.deployed('UPDATE_ROLLBACK_COMPLETE');
  await pause(500);
  expect(world.aws.runs).toHaveLength(2);
});

it('a function that is killed in the middle leaves what the next run takes away', async () => {
  age();
  world.aws.issuance.route53.stick(true);
  world.aws.rareTick();
  await until(() => text().length > 0);
  world.aws.functions.find((each) => each.name.endsWith('-renew'))?.wipe();
  expect((await run(3))?.outcome).toBe('failed');
  expect(text().flatMap(({ Values }) => Values)).toHaveLength(2);

  world.aws.issuance.route53.stick(false);
  write('acme/lock', { ...parameter<object>('acme/lock'), until: 1 });
  world.aws.deployed();

  expect((await run(4))?.result).toMatchObject({ certificates: [{ did: 'renewed' }], served: 1 });
  expect(text()).toStrictEqual([]);
});

it('fails as a function does when the CA is down, so that the alarm on its errors fires', async () => {
  const before = await served();
  age();
  world.aws.issuance.pebble?.down(true);

  const failed = await world.aws.invoke('renew', {});

  expect(failed).toMatchObject({
    outcome: 'failed',
    error: expect.stringMatching(/sluice.test is due \(1 of its 90 days/),
  });
  expect((await served()).serial).toBe(before.serial);
  expect(text()).toStrictEqual([]);
  expect(parameter('certificates/index')).toMatchObject([{ serial: before.serial }]);
});

it('no key is in any call but the one that stores it, nor in a log, an event, a command, an error or the template', async () => {
  const { api, invocations, runs, commands, stack, issuance } = world.aws;
  const secrets = [`certificates/${name}/key`, 'acme/account'].map((path) => `${prefix}/${path}`);
  const keys = secrets.flatMap((path) =>
    [1, 2, 3].flatMap((version) => keysIn(world.aws.parameters.read(`${path}:${version}`) ?? '')),
  );
  const storing = ({ action, input }: { action: string; input: unknown }) =>
    action === 'ssm:PutParameter' && secrets.includes((input as { Name: string }).Name);
  const public_ = api.calls
    .flatMap(({ input }) => (input as { Name?: string }).Name ?? [])
    .filter((path) => !secrets.includes(path));
  const searched = {
    calls: api.calls.filter((call) => !storing(call)),
    runs: [...invocations, ...runs],
    commands: commands.commands.map(({ parameters, invocations: of }) => [parameters, ...of]),
    console: world.proxy.log(),
    status: await status(),
    template: readFileSync(join(stack.folder, 'cloudformation-template-update-stack.json'), 'utf8'),
    parameters: [...new Set(public_)].map((path) => world.aws.parameters.read(path) ?? ''),
    moments,
    sentToTheCa: issuance.pebble?.payloads,
  };

  expect(keys.length).toBeGreaterThanOrEqual(4);
  for (const [place, found] of Object.entries(searched)) {
    const all = JSON.stringify(found);
    expect([place, all.length > 100, all.includes('PRIVATE KEY')]).toStrictEqual([place, true, false]);
    for (const key of keys) expect([place, all.includes(key)]).toStrictEqual([place, false]);
  }
});

/** What `npm run status` prints. */
async function status(): Promise<string> {
  world.aws.connect(observer(world.aws, world.proxies).handlers);
  const policy = JSON.parse(readFileSync(join(__dirname, '../../docs/status-policy.json'), 'utf8'));
  const credentials = world.aws.assume('StatusUser', [policy]);
  const config = { region: 'eu-west-2', endpoint: world.aws.api.endpoint, credentials };
  const clients = {
    ec2: new EC2Client(config),
    ssm: new SSMClient(config),
    sqs: new SQSClient(config),
    cloudwatch: new CloudWatchClient(config),
    sns: new SNSClient(config),
  };
  const checks = await lookAt(clients, named('dev', 'eu-west-2'), Date.now);
  for (const client of Object.values(clients)) client.destroy();
  return printed(checks, false);
}

/** A line in the middle of each private key: enough to know it by, however it is escaped. */
const keysIn = (pem: string): readonly string[] =>
  Array.from(pem.matchAll(/BEGIN (?:\w+ )?PRIVATE KEY-----(?:\\n|\n)([A-Za-z0-9+/=]{40,})/g), ([, line = '']) =>
    line.slice(20),
  );
