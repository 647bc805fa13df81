import { type ClosingTask, kinds, load, serve, startClosingTask } from './edge-closing';
import { http2Client } from './edge-http2';
import { instance, standForEach } from './sync-stand';

standForEach();

/** Of all servers, by the columns of `show servers conn`. */
async function connectionsKept(): Promise<number> {
  const [header = '', ...lines] = (await instance.worker('show servers conn')).split('\n').filter(Boolean);
  const column = header.slice(2).split(' ').indexOf('idle_cur');
  return lines.reduce((sum, line) => sum + Number(line.split(' ')[column]), 0);
}

describe('a task that closes a kept connection as the next request arrives', () => {
  it('loses no request that may not be repeated, runs none twice, and still gets GETs on kept connections', async () => {
    const tasks = [await startClosingTask('a'), await startClosingTask('b')];
    await serve(instance, ...(tasks as [ClosingTask, ClosingTask]));

    const methods = ['GET', 'POST', 'GET', 'PUT', 'PATCH', 'HEAD', 'DELETE', 'GET', 'OPTIONS', 'PROPFIND'];
    const answers = await load(instance.host, 6, 10, methods);

    expect(kinds(answers)).toStrictEqual([...new Set(methods)].sort().map((method) => `${method} 200`));
    const ran = tasks.flatMap(({ state }) => state.ran);
    expect(new Set(ran).size).toBe(ran.length);
    expect(tasks.reduce((sum, { state }) => sum + state.kept, 0)).toBeGreaterThan(answers.length / 10);
  });

  it('loses no upload that waits for 100 Continue', async () => {
    await serve(instance, await startClosingTask('a'));

    expect(kinds(await load(instance.host, 3, 10, ['POST'], { Expect: '100-continue' }))).toStrictEqual(['POST 200']);
  });

  it('leaves no idle connection behind, however many such requests come', async () => {
    await serve(instance, await startClosingTask('a'), await startClosingTask('b'));

    expect(kinds(await load(instance.host, 8, 60, ['POST']))).toStrictEqual(['POST 200']);
    expect(await connectionsKept()).toBe(0);
  });

  it('runs each request once that its dead neighbour refused', async () => {
    const [a, dead] = [await startClosingTask('a'), await startClosingTask('dead')];
    await serve(instance, a, dead);
    dead.stop();

    const answers = await load(instance.host, 4, 20, ['POST', 'GET']);

    expect(kinds(answers)).toStrictEqual(['GET 200', 'POST 200']);
    expect(a.state.ran).toHaveLength(answers.length);
  });

  it('loses none by HTTP/2, many on one connection', async () => {
    await serve(instance, await startClosingTask('a'));
    const client = http2Client(`https://${instance.host}:10443`);

    for (let n = 0; n < 20; n++) {
      expect(await client.ask({ ':method': 'GET' })).toStrictEqual({ status: 200, body: 'a' });
      expect(await client.ask({ ':method': 'POST' }, { body: 'body' })).toStrictEqual({ status: 200, body: 'body' });
    }
    client.close();
  });
});
