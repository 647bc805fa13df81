import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Backend } from '../../lib/haproxy/backend';
import { render } from '../../lib/haproxy/render';
import { mapName } from '../../lib/haproxy/sections';
import { type StageSettings, usualSettings } from '../../lib/haproxy/stage';
import { ask, backend, startLoad } from './haproxy-tasks';
import { a, failing, host, instance, standForAll, startRelay } from './sync-stand';
import { until } from './until';

standForAll(async () => {
  await instance.syncHere(publish('shop.example/'));
  await instance.startHaproxy();
  await until(async () => (await statusOf('shop.example/')) === '200');
});

const routes = (...listed: string[]): Pick<Backend, 'routes'> => ({
  routes: listed.map((text) => ({ host: text.replace(/\/.*/, ''), path: text.replace(/^[^/]*/, ''), since: 1 })),
});
const publish = (...listed: string[]) => instance.publish([served(...listed)]);
/** With the default check, which asks for no host. */
const served = (...listed: string[]) => backend([a.server], { ...routes(...listed), labels: {} });
const onDisk = () => readFileSync(join(instance.path.live, 'haproxy', mapName), 'utf8');
const map = async () => instance.worker(`show map ${join(instance.path.live, 'haproxy', mapName)}`);
const statusOf = async (url: string) => {
  const [Host = '', path = ''] = [url.replace(/\/.*/, ''), url.replace(/^[^/]*/, '')];
  return (await ask(host, { path, headers: { Host } })).slice(0, 3);
};
const answers = (...urls: string[]) => Promise.all(urls.map(statusOf));

describe('a host or path of a known service', () => {
  it.each([
    ['comes', ['shop.example/', 'b.example/api'], ['shop.example/', 'b.example/api/x'], ['b.example/']],
    [
      'comes as a wildcard',
      ['shop.example/', '*.shop.example/', '*.a.b.c/'],
      ['x.y.shop.example/', 'q.a.b.c/'],
      ['b.example/api'],
    ],
    ['leaves', ['shop.example/'], ['shop.example/'], ['x.shop.example/']],
    ['comes for every host', ['*/'], ['any.example/'], []],
  ])('%s without a reload, and is on the disk', async (_, listed, found, unknown) => {
    const before = await instance.processes();
    const load = startLoad(host, { headers: { Host: 'shop.example' } });

    const outcome = await instance.sync(publish(...listed));
    const again = await instance.sync(0);
    await load.stop();

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'routes', how: 'at run time', added: 0, left: 0 } });
    expect(again).toMatchObject({ code: 0, report: { changed: 'nothing' } });
    expect(await instance.processes()).toStrictEqual(before);
    expect(await answers(...found, ...unknown)).toStrictEqual([...found.map(() => '200'), ...unknown.map(() => '404')]);
    expect(Object.keys(load.answers)).toStrictEqual(['200 a']);
  });

  it('is led to HTTPS without a reload once a certificate names it', async () => {
    const before = await instance.processes();
    const certified = render({ backends: [served('*/')], certified: ['a.example', '*.b.example'] });

    expect(await instance.sync(instance.publishFiles(certified))).toMatchObject({ report: { changed: 'routes' } });
    expect(await answers('a.example/', 'x.b.example/', 'b.example/')).toStrictEqual(['308', '308', '200']);
    expect(await instance.processes()).toStrictEqual(before);
  });

  it('stays after a reload that no sync makes', async () => {
    await instance.sync(publish('*/', 'new.example/only'));
    const [before] = (await instance.processes()).workers;

    await instance.master('reload');
    await until(async () => (await instance.processes()).workers[0] !== before);

    expect(await map()).toContain(' new.example/only/ default.web');
    expect(onDisk()).toContain('\nnew.example/only/ default.web\n');
  });

  it('comes with a thousand others', async () => {
    const many = Array.from({ length: 1_000 }, (_, n) => `${'long-'.repeat(5)}${n}.example/path/${n}`);

    expect(await instance.sync(publish('*/', ...many))).toMatchObject({ code: 0, report: { changed: 'routes' } });

    const shown = (await map()).split('\n').filter((line) => line.endsWith(' default.web'));
    expect(shown).toHaveLength(1_001);
    expect(await instance.sync(0)).toMatchObject({ report: { changed: 'nothing' } });
  });
});

describe('a reload, without a lost request, is made for', () => {
  const two = { name: 'default.two', service: 'two', ...routes('two.example/') };
  const checked = (...listed: string[]) => ({ ...served(...listed), labels: { check: '/' } });
  it.each<[string, () => Backend[], Partial<StageSettings>?]>([
    ['a backend that comes', () => [served('*/'), { ...served(), ...two }]],
    ['a backend that goes', () => [served('*/')]],
    ['a wildcard that is deeper than four labels', () => [served('*/', '*.a.b.c.d.example/')]],
    ['a label that changes a backend', () => [checked('*/', 'b.example/')]],
    ['the host of a check that goes', () => [checked('*/', 'c.example/')]],
    ['a setting of the stage', () => [checked('*/', 'c.example/')], { minTls: '1.3' }],
  ])('%s', async (_, backends, settings = {}) => {
    const files = render({ backends: backends(), certified: [], settings: { ...usualSettings, ...settings } });
    const [{ reloads }, load] = [await instance.processes(), startLoad(host)];

    const outcome = await instance.sync(instance.publishFiles(files));
    await load.stop();

    expect(outcome).toMatchObject({ code: 0, report: { changed: 'structure', how: 'by a reload' } });
    expect((await instance.processes()).reloads).toBe(reloads + 1);
    expect(Object.keys(load.answers)).toStrictEqual(['200 a']);
  });
});

it('puts back what was changed by hand', async () => {
  const path = join(instance.path.live, 'haproxy', mapName);
  await instance.sync(publish('*/', 'shop.example/'));
  for (const command of [`del map ${path} shop.example/`, `add map ${path} evil.example/ default.web`])
    await instance.worker(command);

  expect(await instance.sync(0)).toMatchObject({ code: 0, report: { changed: 'routes' } });
  expect((await map()).match(/\S+ default\.web/g)).toStrictEqual(['*/ default.web', 'shop.example/ default.web']);
});

it('keeps the former routes, whole, when HAProxy does not take all of the new ones', async () => {
  const before = await map();
  const relay = await startRelay((command) => !/add map/.test(command));
  const generation = publish('*/', 'other.example/');

  const outcome = await instance.sync(generation, { SLUICE_MASTER: relay.path });
  relay.stop();

  expect(outcome).toMatchObject(failing(/HAProxy does not hold the wanted routes|no answer/));
  expect(await map()).toBe(before);
  expect(await instance.sync(generation)).toMatchObject({ code: 0, report: { changed: 'routes' } });
});

it('moves a route to another backend without a lost request', async () => {
  const of = (one: Backend, two: Backend) => [one, { ...two, name: 'default.two', service: 'two' }];
  await instance.sync(instance.publish(of(served('*/'), served('moves.example/'))));
  const load = startLoad(host, { headers: { Host: 'moves.example' } });

  const outcome = await instance.sync(instance.publish(of(served('*/', 'moves.example/'), served('two.example/'))));
  await load.stop();

  expect(outcome).toMatchObject({ code: 0, report: { changed: 'routes' } });
  expect(Object.keys(load.answers)).toStrictEqual(['200 a']);
});
