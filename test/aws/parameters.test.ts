import { SSMClient } from '@aws-sdk/client-ssm';

import { parameterStore } from '../../lib/aws/published';
import { render } from '../../lib/haproxy/render';
import { parameterStore as playedStore } from '../../scripts/local/ssm/parameters';
import { backend } from '../builders';
import { played, prefix } from './played';

type Answered = NonNullable<
  ReturnType<ReturnType<typeof playedStore>['handlers']['ssm:GetParameters']>['Parameters'][number]
>;
const answerForms: readonly [string, (parameter: Answered) => Answered][] = [
  ['a selector with its colon', (parameter) => parameter],
  [
    'a selector that is the number alone',
    ({ Selector, ...rest }) => ({ ...rest, Selector: (Selector ?? '').slice(1) }),
  ],
  ['no selector', ({ Selector: _, ...rest }) => rest],
  ['a selector though none was asked for', (parameter) => ({ ...parameter, Selector: `:${parameter.Version}` })],
  ['a label', (parameter) => ({ ...parameter, Selector: ':live' })],
  ['an ARN for the name', ({ Selector: _, ...rest }) => ({ ...rest, Name: rest.ARN })],
  ['the selector in the name', ({ Name, ...rest }) => ({ ...rest, Name: `${Name}:${rest.Version}` })],
  [
    'everything in an ARN',
    (rest) => ({ ...rest, Name: `${rest.ARN}:${rest.Version}`, Selector: String(rest.Version) }),
  ],
];

describe('Parameter Store', () => {
  const files = render({ backends: [backend({ a: 32768 })], certified: [] });
  const empty = { number: 0, backends: [], certificates: [], faults: [] };
  const store = async (store = playedStore()) => {
    const { api, client } = await played(store.handlers);
    const parameters = parameterStore(new SSMClient(client), prefix);
    return {
      api,
      forget: store.forget,
      put: (Name: string, Value: string) => store.put({ Name, Value, Type: 'String', Overwrite: true }),
      ...parameters,
    };
  };

  it('gives back what was published, the version of current as its number', async () => {
    const { publish, readPublished } = await store();

    expect(await publish(files, files, empty)).toBe(1);
    expect(await readPublished(false)).toMatchObject({
      number: 1,
      backends: [backend({ a: 32768 })],
      certificates: [],
      faults: [],
    });
  });

  it('is empty before the first generation', async () => {
    expect(await (await store()).readPublished(false)).toStrictEqual(empty);
  });

  it.each(answerForms)('is read alike when AWS answers with %s', async (_, form) => {
    const played = playedStore();
    const get = played.handlers['ssm:GetParameters'];
    const answer = (input: { Names: string[] }) => ({ ...get(input), Parameters: get(input).Parameters.map(form) });
    const { api, readPublished, publish } = await store({
      ...played,
      handlers: { ...played.handlers, 'ssm:GetParameters': answer },
    });
    const servers = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`task-${n}-${n * 7919}`, n + 1]));
    const large = render({ backends: [backend(servers)], certified: [] });
    await publish(files, files, empty);
    await publish(large.slice(2), large, await readPublished(false));

    const read = await readPublished(true);

    expect(read.faults).toStrictEqual([]);
    expect(read.generation?.files.map(({ versions }) => versions)).toStrictEqual([[1], [1], [2]]);
    expect(read.backends[0]?.servers).toHaveLength(200);
    const calls = api.calls.length;
    await readPublished(false);
    expect(api.calls.length - calls).toBe(1);
  });

  it('is not read when AWS answers with another version than the one asked for', async () => {
    const played = playedStore();
    const get = played.handlers['ssm:GetParameters'];
    const later = (parameter: Answered) => ({ ...parameter, Version: parameter.Version + 1 });
    const answer = (input: { Names: string[] }) => {
      const pieces = input.Names.some((name) => name.includes('/files/'));
      return { ...get(input), Parameters: get(input).Parameters.map(pieces ? later : (same: Answered) => same) };
    };
    const { readPublished, publish } = await store({
      ...played,
      handlers: { ...played.handlers, 'ssm:GetParameters': answer },
    });
    await publish(files, files, empty);

    await expect(readPublished(false)).rejects.toThrow(/AWS answered without .*00-global.cfg:1/);
  });

  it('writes only what changed, current last, and reads a version only once', async () => {
    const { api, publish, readPublished } = await store();
    await publish(files, files, empty);
    const next = render({ backends: [backend({ b: 32769 })], certified: [] });
    const before = await readPublished(false);
    const first = api.calls.length;

    await publish(next.slice(2), next, before);
    await readPublished(false);
    await readPublished(false);

    const names = api.calls
      .slice(first)
      .flatMap(({ input }) => (input as { Name?: string }).Name ?? (input as { Names: string[] }).Names);
    const current = ['/sluice/dev/haproxy/current', '/sluice/dev/certificates/index'];
    const changed = '/sluice/dev/haproxy/files/50-demo.shop.cfg';
    expect(names).toStrictEqual([changed, current[0], ...current, `${changed}:2`, ...current]);
  });

  it('goes on where it was cut off, for writes are slow', async () => {
    const { api, publish } = await store();
    const last = () =>
      api.calls
        .filter(({ action }) => action === 'ssm:PutParameter')
        .map(({ input }) => (input as { Name: string }).Name);
    await publish(files, files, empty);
    const changed = render({ backends: [backend({ b: 1 }), backend({}, { name: 'demo.other' })], certified: [] });
    const before = last().length;
    const cut = changed.map((file, index) => (index === 2 ? { ...file, name: '50-not a name.cfg' } : file));
    await expect(publish(cut, changed, empty)).rejects.toThrow();

    await publish(changed, changed, empty);

    const written = last()
      .slice(before)
      .map((name) => name.split('/').at(-1));
    expect(written).toStrictEqual([...cut.slice(0, 3), ...changed.slice(2)].map(({ name }) => name).concat('current'));
  });

  it.each(['00-global.cfg', '10-frontends.cfg', '50-demo.shop.cfg'])(
    'notices that %s is gone, though it was read before',
    async (name) => {
      const { forget, publish, readPublished } = await store();
      await publish(files, files, empty);
      await readPublished(false);
      forget(`/sluice/dev/haproxy/files/${name}`);

      expect((await readPublished(false)).faults).toStrictEqual([]);
      expect((await readPublished(true)).faults).toStrictEqual([
        `/sluice/dev/haproxy/files/${name}:1 is damaged (missing, or not what haproxy/current lists); it is written anew from what ECS runs`,
      ]);
      expect((await readPublished(true)).generation?.files.map((piece) => piece.name)).not.toContain(name);
    },
  );

  it('carries a service too large for one free parameter in several', async () => {
    const { publish, readPublished } = await store();
    const servers = Object.fromEntries(
      Array.from({ length: 200 }, (_, port) => [`task-${port}-${port * 7919}`, port + 1]),
    );
    const large = render({ backends: [backend(servers)], certified: [] });
    await publish(large, large, empty);

    expect((await readPublished(false)).backends[0]?.servers).toHaveLength(200);
  });

  it('reports a damaged piece, and counts it as not published', async () => {
    const { put, publish, readPublished } = await store();
    await publish(files, files, empty);
    const current = JSON.parse(JSON.stringify((await readPublished(false)).generation));
    put('/sluice/dev/haproxy/files/50-demo.shop.cfg', 'backend damaged\n');
    current.files[2].versions = [2];
    put('/sluice/dev/haproxy/current', JSON.stringify(current));

    const { generation, backends, faults } = await readPublished(false);

    expect(generation?.files.map(({ name }) => name)).toStrictEqual(['00-global.cfg', '10-frontends.cfg']);
    expect(backends).toStrictEqual([]);
    expect(faults).toStrictEqual([
      '/sluice/dev/haproxy/files/50-demo.shop.cfg:2 is damaged (missing, or not what haproxy/current lists); it is written anew from what ECS runs',
    ]);
  });

  it.each([
    ['current', 'haproxy/current', '{'],
    ['the index of certificates', 'certificates/index', '[{"name":"../../etc"}]'],
  ])('reports %s when it is damaged, and keeps the number', async (_, name, text) => {
    const { put, publish, readPublished } = await store();
    await publish(files, files, empty);
    put(`/sluice/dev/${name}`, text);

    const { number, faults } = await readPublished(false);

    expect(number).toBe(name === 'haproxy/current' ? 2 : 1);
    expect(faults).toStrictEqual([expect.stringMatching(new RegExp(`^/sluice/dev/${name}.* is damaged`))]);
  });

  it('keeps published certificates while their index is absent', async () => {
    const certificate = { name: 'example.com', names: ['example.com'], serial: '01', key: 1, chain: 1 };
    const { publish, readPublished } = await store();
    await publish(files, files, { ...empty, certificates: [certificate] });

    expect((await readPublished(false)).certificates).toStrictEqual([certificate]);
  });

  it('is an error when a read fails: then nothing is known', async () => {
    const { api, publish, readPublished } = await store();
    await publish(files, files, empty);
    api.faults.next('ssm:GetParameters', 'denied');

    await expect(readPublished(false)).rejects.toThrow(/not authorized/);
  });
});
