import { until } from './haproxy-instance';
import { a, apply, b, c, instance, serving, standForEach } from './sync-stand';

jest.setTimeout(60_000);
standForEach();

it('reports which servers a real HAProxy holds for down, and why in its own words; none while all are up', async () => {
  await serving(a);
  expect((await instance.sync(0)).report).not.toHaveProperty('down');
  b.state.status = 503;
  c.stop();

  await apply([a, b, c]);
  await until(() => b.state.checks > 2);
  // Not while the next check of it is under way, when HAProxy shows no code.
  let report: unknown;
  await until(async () => {
    ({ report } = await instance.sync(0));
    return JSON.stringify(report).includes('L7STS/503');
  });

  const down = (name: string, port: number, check: string) => ({
    ...{ backend: 'default.web', name, at: `127.0.0.1:${port}`, check },
  });
  const servers = [down('b', b.server.port, 'L7STS/503'), down('c', c.server.port, 'L4CON')];
  expect(report).toMatchObject({ changed: 'nothing', down: { count: 2, servers } });
});
