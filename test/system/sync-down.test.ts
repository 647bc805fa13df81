import { type Instance, startInstance, until } from './haproxy-instance';
import { backend, startTask, stopTasks } from './haproxy-tasks';

jest.setTimeout(60_000);

let instance: Instance;

beforeEach(async () => {
  instance = await startInstance();
});
afterEach(async () => {
  await instance.stop();
  stopTasks();
});

it('reports which servers a real HAProxy holds for down, and why in its own words', async () => {
  const [fine, bad, gone] = [await startTask('fine'), await startTask('bad', { status: 503 }), await startTask('gone')];
  gone.stop();
  const number = instance.publish([backend([fine.server, bad.server, gone.server])]);
  await instance.sync(number);
  await instance.startHaproxy();
  const status = (name: string) => instance.status('default.web', name);
  await until(async () => (await status('fine')) === 'UP' && bad.state.checks > 2);

  // Not while the next check of it is under way, when HAProxy shows no code.
  let report: unknown;
  await until(async () => {
    ({ report } = await instance.sync(0));
    return JSON.stringify(report).includes('L7STS/503');
  });

  const at = (port: number) => `127.0.0.1:${port}`;
  expect(report).toMatchObject({
    changed: 'nothing',
    down: {
      count: 2,
      servers: [
        { backend: 'default.web', name: 'bad', at: at(bad.server.port), check: 'L7STS/503' },
        { backend: 'default.web', name: 'gone', at: at(gone.server.port), check: 'L4CON' },
      ],
    },
  });
});

it('says nothing of servers while all are up', async () => {
  const fine = await startTask('fine');
  await instance.sync(instance.publish([backend([fine.server])]));
  await instance.startHaproxy();
  await until(async () => (await instance.status('default.web', 'fine')) === 'UP');

  expect((await instance.sync(0)).report).not.toHaveProperty('down');
});
