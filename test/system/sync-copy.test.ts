import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ask } from './haproxy-tasks';
import { a, apply, b, failing, host, inHome, instance, linesOf, serving, standForAll, web } from './sync-stand';
import { until } from './until';

const copy = () => readFileSync(inHome('sync.cjs'), 'utf8');
const script = () => join(instance.path.folder, 'sync.sh');
let written: string;
let generation: number;

standForAll(() => serving(a));
beforeEach(async () => {
  written = readFileSync(script(), 'utf8');
  generation = Number((await apply([a])).report.generation);
});
const restore = () => {
  writeFileSync(script(), written);
  setWritable('u+w');
};
afterEach(restore);

/** Every byte more in a file is refused, for root too. */
const fillDisk = () => writeFileSync(script(), `trap '' XFSZ; ulimit -f 0\n${written}`);

/**
 * As the kernel does when a disk fails (`errors=remount-ro`), for the sync alone. Where a mount is not allowed, the sync may write to no
 * folder, and has no right of root to do so all the same.
 */
function makeReadOnly(): void {
  const user = process.getuid?.() === 0 ? '' : '-r';
  const mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"';
  const mounted = (rest: string) => `unshare ${user} -m sh -c '${mount} ${rest}' ${instance.path.folder}`;
  const isAllowed = spawnSync('sh', ['-c', mounted('')]).status === 0;
  if (!isAllowed) setWritable('a-w');
  const unable = user ? 'env' : 'setpriv --bounding-set=-dac_override,-dac_read_search,-fowner';
  const inside = isAllowed ? mounted('&& exec sh "$@"') : `${unable} sh`;
  writeFileSync(script(), `[ "$INSIDE" ] || INSIDE=1 exec ${inside} "$0" "$@"\n${written}`);
}
const setWritable = (mode: string) => execFileSync('chmod', ['-R', mode, instance.path.home]);

describe('the sync’s own copy, and its room', () => {
  describe('on a disk that takes nothing more', () => {
    it.each([
      ['is full', fillDisk, 'EFBIG'],
      ['is read-only', makeReadOnly, 'EROFS|EACCES'],
    ])(
      'when it %s, tasks still come and go, one line reports that, and the next sync with room does the rest',
      async (_, harm, code) => {
        const [before, folder] = [await instance.processes(), readlinkSync(instance.path.live)];
        harm();
        const full = await apply([b]);
        await until(async () => (await ask(host)) === '200 b');
        const again = await instance.sync(generation + 1);
        restore();

        expect(linesOf(full)).toHaveLength(1);
        expect(full).toMatchObject(
          failing(new RegExp(`^the disk could not be written \\((${code}).*make room on it.* tasks come and go`)),
        );
        expect(again).toMatchObject({ code: 1 });
        expect(await instance.processes()).toStrictEqual(before);
        expect(readlinkSync(instance.path.live)).toBe(folder);
        expect(await instance.sync(generation + 1)).toMatchObject({ code: 0, report: { generation: generation + 1 } });
      },
    );

    it('a sync that changes nothing says only that it could not write the health of the servers', async () => {
      rmSync(join(instance.path.live, 'sluice.state'));
      fillDisk();

      expect(await instance.sync(generation)).toMatchObject(
        failing(/^everything else .* the health of the servers could not be .* disk full\?$/, 2),
      );
    });

    it('the last good copy of the sync runs when a new one cannot be kept, and one line reports both', async () => {
      appendFileSync(inHome('sync.cjs'), '// of an earlier release\n');
      const earlier = copy();
      fillDisk();
      const full = await instance.sync(generation);
      restore();

      const words = /^could not keep the new copy of the sync in .*; is the disk full\?.* The last good copy ran\.$/;
      expect(linesOf(full)).toHaveLength(1);
      expect(full).toMatchObject(failing(words));
      expect(full.report).toMatchObject({ ran: { generation } });
      expect(copy()).toBe(earlier);
      expect(existsSync(inHome('.sync.next'))).toBe(false);
      expect(await instance.sync(generation)).toMatchObject({ code: 0 });
      expect(copy()).not.toBe(earlier);
    });

    it('a first sync says that it cannot begin', async () => {
      rmSync(inHome('sync.cjs'));
      fillDisk();
      const full = await instance.sync(generation);

      expect(linesOf(full)).toHaveLength(1);
      expect(full).toMatchObject(failing(/There is no earlier copy\.$/));
    });
  });

  it.each<[string, (packed: string) => string]>([
    [
      'a character is another one',
      (packed) => packed.slice(0, 9_000) + (packed[9_000] === 'A' ? 'B' : 'A') + packed.slice(9_001),
    ],
    ['its end is missing', (packed) => packed.slice(0, 9_000)],
    ['it holds what is no base64', (packed) => `${packed.slice(0, 9_000)}#${packed.slice(9_001)}`],
    ['nothing is left of it', () => ''],
  ])('a document is not used when %s: the last good copy stays, and runs', async (_, damage) => {
    const before = copy();
    writeFileSync(script(), written.replace(/^H4sI.*$/m, damage));

    const outcome = await apply([b]);

    expect(outcome).toMatchObject(failing(/could not keep the new copy/));
    expect(outcome.report).toMatchObject({ ran: { added: 1 } });
    expect(copy()).toBe(before);
    await until(async () => (await ask(host)) === '200 b');
  });

  it('the next sync deletes copies of killed attempts, and keeps a copy that still waits for its turn', async () => {
    // 0.1.0 named its copies after the process; no process has this number (Linux: PID_MAX_LIMIT).
    for (const name of ['.sync.4194305', '.sync.next']) writeFileSync(inHome(name), 'half a copy');
    writeFileSync(inHome(`.sync.${process.pid}`), 'a copy that waits');
    for (const name of ['.staging', '57', '58b', '59'])
      cpSync(readlinkSync(instance.path.live), inHome('generations', name), { recursive: true });
    const next = instance.publish([web(b)]);
    for (const milliseconds of [20, 60, 150, 250]) {
      const running = instance.startSync(next);
      setTimeout(running.kill, milliseconds);
      await running.ended;
    }

    const outcome = await instance.sync(next);

    expect(outcome).toMatchObject({ code: 0, report: { generation: next } });
    const left = ['generations', 'heard.json', 'lock', 'started', 'sync.cjs'];
    expect(readdirSync(instance.path.home).sort()).toStrictEqual([`.sync.${process.pid}`, ...left]);
    expect(readdirSync(inHome('generations')).length).toBeLessThanOrEqual(2);
  });
});
