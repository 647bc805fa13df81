import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { currentName, pieceName, sha256 } from '../../lib/generation/generation';
import { ask, backend } from './haproxy-tasks';
import { a, apply, b, failing, host, instance, serving, standForAll, web } from './sync-stand';
import { until } from './until';

standForAll(() => serving(a));
let generation: number;
beforeEach(async () => {
  generation = Number((await apply([a])).report.generation);
});

const current = currentName('/sluice/test');
const piece = '50-default.web.cfg';

const deny = (action: string) => instance.api.faults.next(action, 'denied');

/** What a restart must bring back. */
const state = async () => ({
  processes: await instance.processes(),
  servers: (await instance.servers()).map(({ name, admitted }) => ({ name, admitted })),
  folder: readlinkSync(instance.path.live),
  answer: await ask(host),
});

/** Publishes another list of pieces, in which one was changed. */
function publishPiece(change: object): void {
  instance.publish([web(a, b)]);
  const listed = JSON.parse(instance.store.read(current) ?? '');
  listed.files.push({ ...listed.files.pop(), ...change, sha256: 'x'.repeat(43) });
  instance.put(current, JSON.stringify(listed));
}

describe('keeps what runs, and reports why, when', () => {
  it.each<[string, () => unknown, RegExp | string]>([
    ['the pointer is no JSON', () => instance.put(current, '{"files":'), /current:\d+ is damaged \(it is not JSON\)/],
    ['the pointer lists nothing', () => instance.put(current, '{"files":[],"certificates":[]}'), 'is damaged'],
    ['reading is denied', () => deny('ssm:GetParameter'), /refused GetParameter of .*current: AccessDenied/],
    [
      'reading pieces is denied',
      () => [instance.publish([web(a, b)]), deny('ssm:GetParameters')],
      /refused GetParameters of .*50-default.web.cfg:\d+: AccessDenied/,
    ],
    [
      'a piece is not what was published',
      () => publishPiece({ versions: [1] }),
      `${piece}:1 is damaged (its hash is not`,
    ],
    ['a piece is missing', () => publishPiece({ versions: [99] }), `${piece}:99 is missing in Parameter Store`],
  ])('%s', async (_, damage, message) => {
    const before = await state();
    damage();

    expect(await instance.sync(generation)).toMatchObject(failing(message));
    expect(await state()).toStrictEqual(before);
  });

  it('there is no pointer, because a missing pointer is no empty generation', async () => {
    const before = await state();
    instance.store.forget(current);

    const boot = await instance.sync(0);
    const nudge = await instance.sync(1);

    expect(boot).toMatchObject({ code: 0, report: { changed: 'nothing', how: 'nothing was ever published' } });
    expect(nudge).toMatchObject(failing('/sluice/test/haproxy/current does not exist'));
    expect(await state()).toStrictEqual(before);
  });
});

describe('Parameter Store', () => {
  it('is asked again when it throttles or fails, which only delays the sync', async () => {
    instance.api.faults.next('ssm:GetParameter', 'throttled', 2);
    instance.api.faults.next('ssm:GetParameters', 'failing');
    instance.api.faults.next('ssm:GetParameters', 'cut');

    expect(await apply([a, b])).toMatchObject({ code: 0, report: { changed: 'membership', added: 1 } });
  });

  it('is read in exactly the versions that the pointer names', async () => {
    const generation = instance.publish([web(a, b)]);
    instance.put(pieceName('/sluice/test', piece, 0), 'half a write of the next generation');

    expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { generation, added: 1 } });
  });

  it('returns a configuration in parts', async () => {
    const host = (index: number) => `${sha256(String(index)).replace(/[^a-z]/g, 'x')}.example.com`;
    const routes = Array.from({ length: 400 }, (_, index) => ({ host: host(index), path: '/', since: index }));

    const outcome = await instance.sync(instance.publish([web(a), { ...web(b), name: 'default.many', routes }]));

    expect(instance.store.read(pieceName('/sluice/test', '20-routes.cfg', 1))).toBeDefined();
    expect(outcome).toMatchObject({ code: 0, report: { changed: 'structure' } });
  });

  it('is not trusted when it returns an older pointer than the installed one', async () => {
    const { report } = await apply([a, b]);
    const [before, { handlers }] = [await state(), instance.store];
    const real = handlers['ssm:GetParameter'];
    handlers['ssm:GetParameter'] = (input) => real({ ...input, Name: input.Name.replace(/current$/, 'current:1') });

    const outcome = await instance.sync(0);
    handlers['ssm:GetParameter'] = real;

    expect(outcome).toMatchObject({ code: 0, report: { generation: report.generation, changed: 'nothing' } });
    // The two tasks take turns.
    expect(await state()).toStrictEqual({ ...before, answer: expect.stringMatching(/^200 [ab]$/) });
  });

  it('can start again at 1 when somebody deleted the pointer', async () => {
    instance.store.forget(current);

    expect(await apply([a, b])).toMatchObject({ code: 0, report: { generation: 1, changed: 'membership' } });
  });
});

describe('drift', () => {
  it('is repaired without fetching again: a server that somebody deleted comes back', async () => {
    await instance.worker('set server default.web/a state maint');
    await instance.worker('del server default.web/a');
    const calls = instance.api.calls.length;

    expect((await instance.sync(0)).report).toMatchObject({ changed: 'membership', added: 1 });
    expect(instance.api.calls.length - calls).toBe(1);
    await until(async () => (await ask(host)) === '200 a');
  });

  it('is repaired on the disk too: an edited file, a foreign one and a folder', async () => {
    const folder = join(instance.path.live, 'haproxy');
    writeFileSync(join(folder, piece), 'edited');
    writeFileSync(join(folder, '99-foreign.cfg'), 'foreign');
    mkdirSync(join(folder, 'folder.cfg'));

    expect(await instance.sync(0)).toMatchObject({ code: 0, report: { changed: 'files' } });
    expect(readdirSync(folder)).toStrictEqual(['00-global.cfg', '10-frontends.cfg', '20-routes.cfg', piece]);
    expect(readFileSync(join(folder, piece), 'utf8')).toContain('server a 127.0.0.1');
  });

  it('of a task at another address under its old name is followed', async () => {
    const outcome = await instance.sync(instance.publish([backend([{ ...b.server, name: 'a' }])]));

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'membership' } });
    await until(async () => (await ask(host)) === '200 b');
  });
});
