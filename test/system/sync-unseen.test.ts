import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';

import { showProcesses } from '../../scripts/real/haproxy';
import { ask } from './haproxy-tasks';
import { a, apply, b, failing, host, instance, serving, standForEach, web } from './sync-stand';
import { pause, until } from './until';

const closers: (() => unknown)[] = [];
standForEach();
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const hasty = { SLUICE_PATIENCE_SECONDS: '0.5' };
const publishOther = () => instance.publish([web(b)]);
const notRunning = failing(/HAProxy is not running; "sudo systemctl start haproxy"/, 2);

const away = () => rmSync(instance.path.master, { recursive: true });

/** Another program listens at the master's path. */
async function listening(talk: (socket: Socket) => unknown): Promise<void> {
  away();
  const server = createServer((socket) => void talk(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(instance.path.master, resolve));
  closers.push(() => server.close());
}

/** A socket whose owner ended without a word. */
async function orphan(): Promise<void> {
  away();
  const owner = spawn(process.execPath, ['-e', `require('net').createServer().listen('${instance.path.master}')`]);
  await until(() => existsSync(instance.path.master));
  owner.kill('SIGKILL');
  await new Promise((resolve) => owner.on('exit', resolve));
}

let reload: () => unknown;

const faults: readonly [string, () => unknown][] = [
  ['its master’s socket is unlinked', away],
  ['its master’s socket is a file', () => [away(), writeFileSync(instance.path.master, '')]],
  ['its master’s socket is a folder', () => [away(), mkdirSync(instance.path.master)]],
  ['no process listens at its master’s socket', orphan],
  ['a program listens at its master’s socket and never answers', () => listening(() => undefined)],
  ['a program listens at its master’s socket and hangs up', () => listening((socket) => socket.end())],
  [
    'a program listens at its master’s socket and is no master',
    () => listening((socket) => socket.end('Unknown command\n')),
  ],
];

describe('law 18: while HAProxy serves and cannot be talked to', () => {
  async function fails(damage: () => unknown): Promise<unknown> {
    await serving(a);
    const folder = readlinkSync(instance.path.live);
    await damage();

    const outcome = await instance.sync(publishOther(), hasty);

    expect(outcome).toMatchObject(failing(/master.*systemctl re(load|start) haproxy"/));
    expect(readlinkSync(instance.path.live)).toBe(folder);
    expect(await ask(host)).toBe('200 a');
    return outcome.report.failed;
  }

  it.each(faults.slice(2))('the sync fails, changes nothing and says what to do when %s', (_, damage) => fails(damage));

  it.each(faults.slice(0, 2))('a reload repairs it, as the sync says, when %s', async (_, damage) => {
    const failed = fails(async () => {
      const { master } = await instance.processes();
      reload = () => process.kill(master, 'SIGUSR2');
      await damage();
    });

    expect(await failed).toContain('"sudo systemctl reload haproxy"');
    reload();
    await until(async () => (await instance.processes()).reloads === 1);
    expect(await instance.sync(0)).toMatchObject({ code: 0, report: { changed: 'membership', left: 1 } });
  });

  it('the sync fails when the worker hangs', async () => {
    await serving(a);
    const [worker = 0] = (await instance.processes()).workers;
    process.kill(worker, 'SIGSTOP');

    const outcome = await instance.sync(publishOther(), hasty);
    process.kill(worker, 'SIGCONT');

    expect(outcome).toMatchObject(failing('none of its workers answers'));
  });

  it('the sync does not touch another HAProxy whose master listens there', async () => {
    await serving(a);
    const [socket, file] = [join(instance.path.folder, 'other.sock'), join(instance.path.folder, 'other.cfg')];
    writeFileSync(file, `frontend other\n mode http\n timeout client 1s\n bind unix@${socket}.http\n`);
    const other = spawn(process.env.HAPROXY ?? 'haproxy', ['-W', '-S', socket, '-f', file], { stdio: 'ignore' });
    closers.push(() => other.kill('SIGTERM'));
    await until(async () => (await showProcesses(socket)).worker > 0);

    expect(await instance.sync(publishOther(), { SLUICE_MASTER: socket })).toMatchObject(failing("is not Sluice's"));
    expect((await showProcesses(socket)).reloads).toBe(0);
  });
});

describe('law 18: while HAProxy is not running', () => {
  it.each([
    ['after a sync saw it', async () => void (await instance.sync(0))],
    ['before a sync saw it', () => undefined],
  ])('the sync fails, %s, and HAProxy starts with what is published', async (_, meanwhile) => {
    await serving(a);
    await meanwhile();
    await instance.stopHaproxy();

    const outcome = await instance.sync(publishOther(), hasty);
    await instance.startHaproxy();
    await until(async () => (await ask(host)).startsWith('200'));

    expect(outcome).toMatchObject(notRunning);
    expect(await ask(host)).toBe('200 b');
  });

  it('the sync fails after a reboot too, when the socket is gone, and waits for one that is started beside it', async () => {
    await serving(a);
    await instance.sync(0);
    await instance.stopHaproxy();
    away();

    expect(await instance.sync(0)).toMatchObject(notRunning);
    const syncing = instance.sync(publishOther(), { SLUICE_PATIENCE_SECONDS: '10' });
    await pause(700);
    await instance.startHaproxy();

    expect((await syncing).report).toMatchObject({ generation: 2, changed: 'membership' });
    await until(async () => (await ask(host)) === '200 b');
  });

  it('the sync fails where nothing was ever published', async () => {
    await instance.sync(0);
    await instance.startHaproxy();
    const running = await instance.sync(0);
    await instance.stopHaproxy();

    expect(running).toMatchObject({ code: 0, report: { how: 'nothing was ever published' } });
    expect(await instance.sync(0, hasty)).toMatchObject(notRunning);
  });

  it('the sync fails when HAProxy was taken off the machine, and waits only for the first boot to install it', async () => {
    const gone = { HAPROXY: '/nowhere/haproxy' };
    const before = await instance.sync(0, gone);
    await serving(a);
    await instance.sync(0);

    const after = await instance.sync(0, gone);

    expect(before).toMatchObject({ code: 0, report: { how: expect.stringContaining('not installed yet') } });
    expect(after).toMatchObject(failing('no longer installed'));
  });

  it('the sync fails also where only 0.1.0 ever ran, which recorded only its claim', async () => {
    mkdirSync(instance.path.home, { recursive: true });
    writeFileSync(join(instance.path.home, 'claimed'), 'i-0123456789abcdef0\n');

    expect(await instance.sync(0, { HAPROXY: '/nowhere/haproxy' })).toMatchObject(failing('no longer installed'));
  });

  it('the first boot may pull any number of times', async () => {
    const pulls = [await apply([a]), await apply([b]), await instance.sync(0)];

    for (const { code, report } of pulls) expect([code, report.changed]).toStrictEqual([0, 'prepared']);
  });
});
