import { createHash } from 'node:crypto';

import type { Backend } from '../../lib/haproxy/backend';
import { backend } from '../builders';
import { sluice } from './console';
import { playedStage } from './played-stage';
import { impatient, sufferEach, wrongWords } from './suffering';

jest.setTimeout(180_000);

const shop = { backends: [backend({ a: 1, b: 2, c: 3 })], services: { shop: { running: 3, desired: 3 } } };

const idOf = (text: string) => createHash('md5').update(text).digest('hex');

/** So many services, each with the same share of tasks and hosts. */
function crowded({ services, hosts, tasks }: Record<'services' | 'hosts' | 'tasks', number>) {
  const share = (of: number, at: number) => Array.from({ length: Math.ceil((of - at) / services) }, (_, n) => n);
  const backends = Array.from({ length: services }, (_, at): Backend => {
    const service = `shop-${at}`;
    const servers = share(tasks, at).map((n) => [idOf(`${at} ${n}`), 30_000 + n]);
    const routes = share(hosts, at).map((n) => ({ host: `h${n}.${service}.example.com`, path: '/', since: 1 }));
    return backend(Object.fromEntries(servers), { name: `demo.${service}`, service, routes });
  });
  const counts = backends.map(({ service, servers }) => [
    service,
    { running: servers.length, desired: servers.length },
  ]);
  return { backends, services: Object.fromEntries(counts), proxies: 2 };
}

it('prints lines that fit a terminal, says what it waits for, and exits with 0', async () => {
  const { client, address } = await playedStage(shop);

  const { code, output, complaints } = await sluice(['status'], { config: () => client });

  expect([code, complaints]).toStrictEqual([0, '']);
  expect(output).toBe(`ok      proxy 1            i-1 has ${address}, its agent is online
ok      published          generation 1
ok      sync 1             runs generation 1
ok      tasks 1            every task that should serve passes its check
ok      service demo/shop  https://shop.example.com/, 3 of 3 tasks
ok      queue              empty
ok      dead letters       none
ok      certificate 1      ${address} serves example.com, *.example.com by
                           T-1, 19 days left
ok      alarms             7, none is in ALARM
ok      alarm e-mail       alarms go to me@example.com

All is well.
`);
});

it('each call that fails is one line or one sentence with the next step, and no other line is lost', async () => {
  const { api, client } = await playedStage(shop);
  const config = () => ({ ...client, ...impatient });

  const suffered = await sufferEach(api, 'Function', () => sluice(['status'], { config }));

  expect(suffered.flatMap(wrongWords)).toStrictEqual([]);
  expect(new Set(suffered.map(({ action }) => action)).size).toBe(11);
});

it('--watch looks again until Ctrl-C, shows a look that failed as a sentence, and exits with the code of the last one', async () => {
  const { client } = await playedStage(shop);
  let pauses = 0;
  const expired = () => Promise.reject(Object.assign(new Error('expired'), { name: 'ExpiredTokenException' }));
  const config = () => (pauses === 1 ? { ...client, credentials: expired } : client);
  const pause = async () => {
    pauses += 1;
    if (pauses === 3) process.emit('SIGINT');
  };

  const { code, output, complaints } = await sluice(['status', '--watch'], { config, pause, now: () => 0 });

  expect([code, complaints]).toStrictEqual([0, '']);
  const again = '00:00:00 UTC; again in ten seconds, until Ctrl-C';
  expect(output.split(`${again}\n\n`)).toStrictEqual([
    expect.stringMatching(/^ok {6}proxy 1 .*\nAll is well\.\n$/s),
    'Your credentials for AWS have expired: sign in again (`aws sso login`, or new keys), then run the same command.\n',
    expect.stringMatching(/^ok {6}proxy 1 .*\nAll is well\.\n$/s),
    '',
  ]);
});

it('without credentials is one sentence', async () => {
  const credentials = () => Promise.reject(Object.assign(new Error('none'), { name: 'CredentialsProviderError' }));

  const said = await sluice(['status'], { config: (region) => ({ region, credentials }) });

  expect(said).toStrictEqual({
    ...{ code: 1, output: '' },
    complaints: expect.stringMatching(/^sluice: There are no credentials for AWS: .*\n$/),
  });
});

it('at 5,000 tasks, 40 services and 250 hosts makes few calls, and none for a task; so does explain', async () => {
  const calls = async (tasks: number) => {
    const stage = await playedStage(crowded({ services: 40, hosts: 250, tasks }));
    const { code, output } = await sluice(['status'], { config: () => stage.client });
    expect([code, output.match(/^ok +service/gm)?.length]).toStrictEqual([0, 40]);
    const [counts, before] = [stage.calls(), stage.api.calls.length];
    const explained = await sluice(['explain', 'http://h0.shop-7.example.com'], { config: () => stage.client });
    expect(explained).toMatchObject({ code: 0, output: expect.stringMatching(/\ndemo\/shop-7 would answer, by /) });
    expect(stage.api.calls.length - before).toBeLessThanOrEqual(15);
    return counts;
  };
  const [few, many] = [await calls(400), await calls(5_000)];

  const { 'ssm:GetParameters': fewReads = 0, ...fewOthers } = few;
  const { 'ssm:GetParameters': manyReads = 0, ...manyOthers } = many;
  expect(manyOthers).toStrictEqual(fewOthers);
  expect(Object.values(manyOthers).reduce((sum, count) => sum + count)).toBeLessThanOrEqual(20);
  // Ten parameters a call; a service's long list of tasks takes several.
  expect([fewReads, manyReads]).toStrictEqual([7, expect.any(Number)]);
  expect(manyReads).toBeLessThanOrEqual(20);
  process.stdout.write(`calls at 400 and at 5,000 tasks: ${JSON.stringify([few, many])}\n`);
});
