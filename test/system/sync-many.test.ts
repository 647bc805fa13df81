import type { Haproxy } from '../../lib/sync/haproxy/worker';
import { backend } from './haproxy-tasks';
import { a, instance, standForAll } from './sync-stand';
import { until } from './until';

jest.setTimeout(120_000);
standForAll();

/** So many tasks, in services of ten or more; all answer at one address. `newest` is the name of one of them. */
function services(count: number, newest = 'first') {
  const most = Math.min(20, count / 10);
  return Array.from({ length: most }, (_, service) => {
    const names = Array.from({ length: count / most }, (_, task) => `task-${service}-${task}`.padEnd(32, '-'));
    const servers = (service === 0 ? [newest, ...names.slice(1)] : names).map((name) => ({ ...a.server, name }));
    const routes = [{ host: `service-${service}.example.com`, path: '/', since: 1 }];
    return backend(servers, {
      name: `default.service-${service}`,
      routes,
      labels: { check: '/', 'check.interval': '4s' },
    });
  });
}

/** What HAProxy was asked by a sync: the first words of each question. */
async function asked(generation: number) {
  const questions: string[] = [];
  const listening = ({ master, reload }: Haproxy): Haproxy => ({
    reload,
    master: (command) => {
      const words = command
        .replace(/@!\d+ |\n.*/gs, '')
        .split(' ')
        .slice(0, 4);
      questions.push(words.join(' ').replace(/second|third/, 'newest'));
      return master(command);
    },
  });
  const report = await instance.syncHere(generation, listening);
  return { questions, report };
}

async function replaceOneOf(count: number, newest: string) {
  await instance.syncHere(instance.publish(services(count)));
  await until(async () => (await instance.servers()).filter(({ up }) => up).length >= count);
  await instance.syncHere(0);
  return asked(instance.publish(services(count, newest)));
}

it('takes a generation of 5,000 tasks, of which HAProxy could say more than a program usually reads', async () => {
  expect(await instance.syncHere(instance.publish(services(5_000)))).toMatchObject({ changed: 'prepared' });
});

it('asks as much about one task among 400 as among 20, reads all servers once, and never reloads', async () => {
  await instance.syncHere(instance.publish(services(20)));
  await instance.startHaproxy();
  const few = await replaceOneOf(20, 'second');
  const before = await instance.servers();
  const many = await replaceOneOf(400, 'third');
  const { reloads } = await instance.processes();

  expect(before.length).toBe(21);
  expect(many.report).toMatchObject({ changed: 'membership', added: 1, left: 1 });
  expect(many.questions).toStrictEqual(few.questions);
  expect(many.questions.filter((question) => question === 'show servers state')).toHaveLength(1);
  expect(many.questions.filter((question) => question.startsWith('show stat'))).toStrictEqual([
    'show stat default.service-0 4',
  ]);
  // The 400 tasks came by a reload, as new services do; one task comes by none.
  expect(reloads).toBe(1);
});

it('lets hundreds of tasks come and go by a few questions', async () => {
  const others = services(400).map((service) => ({
    ...service,
    servers: service.servers.map((server) => ({ ...server, name: `new-${server.name}` })),
  }));
  const { questions, report } = await asked(instance.publish(others));

  expect(report).toMatchObject({ changed: 'membership', added: 400, left: 400, how: 'at run time' });
  const serving = async () =>
    new Set((await instance.servers()).filter(({ up, admitted }) => up && admitted).map(({ backend }) => backend));
  await until(async () => (await serving()).size === 20);
  // 2,400 commands in lines of 12,000 bytes. While the newcomers are checked for the first time, all servers are read a few times.
  expect(questions.filter((question) => !question.startsWith('show')).length).toBeLessThan(60);
});
