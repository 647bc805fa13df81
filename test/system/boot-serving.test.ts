import { notServing } from '../../lib/sync/haproxy/serving';
import { haproxyAt } from '../../lib/sync/haproxy/worker';
import { ask, backend, startTask } from './haproxy-tasks';
import { a, host, instance, standForEach, web } from './sync-stand';

standForEach();

const why = () => notServing(haproxyAt(instance.path.master, 2_000), `${host}:10080`);

describe('a proxy that has just started takes over', () => {
  it('law 11: only when each service has a task that passed its check, because its visitors would get 503', async () => {
    const slow = await startTask('a', { checkMs: 900 });
    await instance.syncHere(instance.publish([backend([slow.server])]));
    await instance.startHaproxy();
    const early = await ask(host);

    expect(await why()).toBeUndefined();

    expect(early).toMatch(/^503/);
    expect(await ask(host)).toBe('200 a');
  });

  it('although one service is really down, because the others must not wait for it', async () => {
    const dead = { name: 'dead', address: '127.0.0.1', port: 9 };
    const routes = [{ host: 'down.example', path: '/', since: 1 }];
    const down = backend([dead], { name: 'default.down', service: 'down', routes });
    await instance.syncHere(instance.publish([web(a), down]));
    await instance.startHaproxy();

    expect(await why()).toBeUndefined();
    expect(await ask(host)).toBe('200 a');
  });

  it('at once when nothing is published', async () => {
    await instance.sync(0);
    await instance.startHaproxy();

    expect(await why()).toBeUndefined();
  });
});
