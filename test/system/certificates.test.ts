import { once } from 'node:events';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { type Agent, request } from 'node:https';
import { text as readText } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';

import { handshake } from '../../lib/entrance/handshake';
import { type Secure, secureOrigin, shownBy, trusting } from '../../scripts/demo/secure';
import { startWorld, type World } from '../../scripts/local/world';
import { searchForKeys } from './secrets';

const name = 'sluice.test';
const prefix = '/sluice/dev';

let world: World;
const moments: string[] = [];
beforeAll(async () => {
  world = await startWorld({ certificates: true, delays: { commandMs: 100, eventMs: 20 } });
  world.onMoment(({ text }) => moments.push(text));
  const command = [process.execPath, '-e', files];
  const web = { name: 'web', command, containerPort: 8080, labels: { 'haproxy.host': name } };
  const taskDefinition = world.ecs.registerTaskDefinition({ family: 'files', containers: [web] });
  world.ecs.createService({ name: 'files', taskDefinition, desiredCount: 1 });
  while ((await plainly()) !== 200) await pause(100);
});
afterAll(() => world?.stop());

/** A task whose download ends when a visitor asks for /finish. */
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

/** A visitor who trusts only the CA. */
const secure = (): Secure => {
  const { proxy, aws } = world;
  return { host: name, port: proxy.https.port, root: aws.issuance.pebble?.root ?? 'no CA' };
};
const fresh = () => trusting(secure(), { keepAlive: false });
async function begin(path: string, agent: Agent) {
  const asked = request(secureOrigin(secure()) + path, { agent }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const socket = answer.socket as TLSSocket;
  const { serialNumber: serial } = socket.getPeerCertificate();
  return { seen: { status: answer.statusCode, serial, port: socket.localPort }, whole: () => readText(answer) };
}
async function ask(path: string, agent = fresh()) {
  const { seen, whole } = await begin(path, agent);
  return { ...seen, body: await whole() };
}
/** The status of an answer by HTTP. */
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
const text = () => {
  const { stack, issuance } = world.aws;
  const zones = stack.functions.flatMap(({ Environment }) => Environment?.Variables.SLUICE_HOSTED_ZONE_ID ?? []);
  return issuance.route53.records(zones[0] ?? '').filter(({ Type }) => Type === 'TXT');
};

it('a certificate is issued after a deploy and served, then renewed when due, and served by the same process while no connection breaks off', async () => {
  await expect(shownBy(secure())).rejects.toThrow('self-signed certificate');
  expect(await plainly()).toBe(200);

  world.aws.deployed('CREATE_COMPLETE');
  const ordered = [{ name, did: 'renewed', why: 'no certificate is stored' }];
  expect((await run(1))?.result).toStrictEqual({ certificates: ordered, served: 1 });
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

  const why = '1 of its 90 days are left';
  expect(world.aws.runs[1]?.result).toStrictEqual({ certificates: [{ name, did: 'renewed', why }], served: 1 });
  expect(stored()).not.toBe(first);
  expect((await ask('/')).serial).toBe(stored());
  expect([await world.proxy.pid(), await world.proxy.reloads()]).toStrictEqual([pid, reloads]);
  asked.push(await ask('/', kept));
  expect(asked[0]).toMatchObject({ status: 200, body: 'well', serial: first });
  for (const answer of asked) expect(answer).toStrictEqual(asked[0]);
  await ask('/finish');
  expect(download.seen).toMatchObject({ status: 200, serial: first });
  expect(await download.whole()).toMatch(/^(part ){40,}whole$/);
  expect(world.denied()).toStrictEqual([]);
  kept.destroy();
});

it('deploys of other stacks, and failed ones, start no run', async () => {
  const patterns = world.aws.stack.rules.map(({ EventPattern }) => JSON.stringify(EventPattern));

  expect(patterns.find((pattern) => pattern.includes('cloudformation'))).toContain('stack/sluice-local/');
  world.aws.deployed('UPDATE_ROLLBACK_COMPLETE');
  await pause(500);
  expect(world.aws.runs).toHaveLength(2);
});

it('a function that is killed in the middle leaves records that the next run deletes', async () => {
  age();
  world.aws.issuance.route53.stick(true);
  world.aws.rareTick();
  while (text().length === 0) await pause(20);
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
  world.aws.issuance.pebble?.answerBy(async () => undefined);

  const failed = await world.aws.invoke('renew', {});

  const error = expect.stringMatching(/sluice.test is due \(1 of its 90 days/);
  expect(failed).toMatchObject({ outcome: 'failed', error });
  expect((await served()).serial).toBe(before.serial);
  expect(text()).toStrictEqual([]);
  expect(parameter('certificates/index')).toMatchObject([{ serial: before.serial }]);
});

it('no key is in any call but the one that stores it, nor in a log, an event, a command, an error or the template', async () => {
  const { keys, places } = await searchForKeys(world, name);

  expect(keys.length).toBeGreaterThanOrEqual(4);
  for (const [place, found] of Object.entries({ ...places, moments })) {
    const all = JSON.stringify(found);
    expect([place, all.length > 100, all.includes('PRIVATE KEY')]).toStrictEqual([place, true, false]);
    for (const key of keys) expect([place, all.includes(key)]).toStrictEqual([place, false]);
  }
});
