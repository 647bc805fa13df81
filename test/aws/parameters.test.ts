import { SSMClient } from '@aws-sdk/client-ssm';

import { parameterStore } from '../../lib/aws/published';
import { render } from '../../lib/haproxy/render';
import { parameterStore as playedStore } from '../../scripts/local/ssm/parameters';
import { backend } from '../builders';
import { played, prefix } from './played';

const files = render({ backends: [backend({ a: 32768 })], certified: [] });
const servers = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`task-${n}-${n * 7919}`, n + 1]));
/** Needs several parameters for one file. */
const large = render({ backends: [backend(servers)], certified: [] });
const empty = { number: 0, backends: [], certificates: [], faults: [] };

type Input = { readonly Names: string[] };
type Answered = NonNullable<
  ReturnType<ReturnType<typeof playedStore>['handlers']['ssm:GetParameters']>['Parameters'][number]
>;

/** Parameter Store, which answers for each parameter with what `form` makes of it. */
async function store(form: (parameter: Answered) => Answered = (same) => same) {
  const { handlers, forget, put } = playedStore();
  const answer = (input: Input) => {
    const { Parameters, ...rest } = handlers['ssm:GetParameters'](input);
    return { ...rest, Parameters: Parameters.map(form) };
  };
  const { api, client } = await played({ ...handlers, 'ssm:GetParameters': answer });
  return {
    api,
    forget: (name: string) => forget(`${prefix}/${name}`),
    put: (name: string, Value: string) => put({ Name: `${prefix}/${name}`, Value, Type: 'String', Overwrite: true }),
    /** The last parts of the parameters that were read or written since a call. */
    names: (since: number) =>
      api.calls.slice(since).flatMap(({ input }) => {
        const { Name, Names = [] } = input as { Name?: string; Names?: string[] };
        return (Name === undefined ? Names : [Name]).map((name) => name.split('/').at(-1));
      }),
    ...parameterStore(new SSMClient(client), prefix),
  };
}

const answerForms: readonly [string, (parameter: Answered) => Answered][] = [
  ['a selector that is the number alone', (each) => ({ ...each, Selector: (each.Selector ?? '').slice(1) })],
  ['no selector', ({ Selector: _, ...rest }) => rest],
  ['a selector though none was asked for', (each) => ({ ...each, Selector: `:${each.Version}` })],
  ['a label', (each) => ({ ...each, Selector: ':live' })],
  ['an ARN for the name', ({ Selector: _, ...rest }) => ({ ...rest, Name: rest.ARN })],
  ['the selector in the name', ({ Name, ...rest }) => ({ ...rest, Name: `${Name}:${rest.Version}` })],
];

describe('Parameter Store', () => {
  it.each(answerForms)('is read alike when AWS answers with %s', async (_, form) => {
    const { api, readPublished, publish } = await store(form);
    await publish(files, files, empty);
    await publish(large.slice(-1), large, await readPublished(false));

    const { faults, generation, backends } = await readPublished(true);

    expect(faults).toStrictEqual([]);
    expect(generation?.files.map(({ versions }) => versions)).toStrictEqual([[1], [1], [1], [2]]);
    expect(backends[0]?.servers).toHaveLength(200);
    const calls = api.calls.length;
    await readPublished(false);
    expect(api.calls.length - calls).toBe(1);
  });

  it('is not read when AWS answers with another version than the one asked for', async () => {
    const { readPublished, publish } = await store((each) =>
      each.Name.includes('/files/') ? { ...each, Version: each.Version + 1 } : each,
    );
    await publish(files, files, empty);
    await expect(readPublished(true)).rejects.toThrow(/AWS answered without .*00-global.cfg:1/);
  });

  it('writes only what changed, current last, and reads no version that it has read or written', async () => {
    const { api, names, publish, readPublished } = await store();
    await publish(files, files, empty);
    const next = render({ backends: [backend({ b: 32769 })], certified: [] });
    const before = await readPublished(false);
    const first = api.calls.length;

    await publish(next.slice(-1), next, before);
    await readPublished(false);
    await readPublished(false);

    const [file, current] = ['50-demo.shop.cfg', ['current', 'index', 'faults']];
    expect(names(first)).toStrictEqual([file, 'current', ...current, ...current]);
  });

  it('goes on where it was cut off, for writes are slow', async () => {
    const { api, names, publish } = await store();
    await publish(files, files, empty);
    const changed = render({ backends: [backend({ b: 1 }), backend({}, { name: 'demo.other' })], certified: [] });
    const before = api.calls.length;
    const cut = changed.map((file, index) => (index === 2 ? { ...file, name: '50-not a name.cfg' } : file));
    await expect(publish(cut, changed, empty)).rejects.toThrow();

    await publish(changed, changed, empty);

    const written = [...cut.slice(0, 3), ...changed.slice(2)].map(({ name }) => name);
    expect(names(before)).toStrictEqual([...written, 'current']);
  });

  it.each(['00-global.cfg', '50-demo.shop.cfg'])('notices that %s is gone, though it was read before', async (name) => {
    const { forget, publish, readPublished } = await store();
    await publish(files, files, empty);
    await readPublished(false);
    forget(`haproxy/files/${name}`);

    expect((await readPublished(false)).faults).toStrictEqual([]);
    const { faults, generation } = await readPublished(true);
    expect(faults).toStrictEqual([
      `/sluice/dev/haproxy/files/${name}:1 is damaged (missing, or not what haproxy/current lists); it is written again from what ECS runs`,
    ]);
    expect(generation?.files.map((piece) => piece.name)).not.toContain(name);
  });

  it('reports a damaged piece, and counts it as not published', async () => {
    const { put, publish, readPublished } = await store();
    await publish(files, files, empty);
    const current = JSON.parse(JSON.stringify((await readPublished(false)).generation));
    put('haproxy/files/50-demo.shop.cfg', 'backend damaged\n');
    current.files.at(-1).versions = [2];
    put('haproxy/current', JSON.stringify(current));

    const { generation, backends, faults } = await readPublished(false);

    expect(generation?.files.map(({ name }) => name)).toStrictEqual([
      '00-global.cfg',
      '10-frontends.cfg',
      '20-routes.cfg',
    ]);
    expect(backends).toStrictEqual([]);
    expect(faults).toStrictEqual([expect.stringMatching(/50-demo\.shop\.cfg:2 is damaged .* written again/)]);
  });

  const damages = [['haproxy/current', '{', 2] as const, ['certificates/index', '[{"name":"../../etc"}]', 1] as const];
  it.each(damages)('reports %s when it is damaged, and keeps the number', async (name, text, number) => {
    const { put, publish, readPublished } = await store();
    await publish(files, files, empty);
    put(name, text);
    const read = await readPublished(false);
    expect(read.number).toBe(number);
    expect(read.faults).toStrictEqual([expect.stringMatching(new RegExp(`^/sluice/dev/${name}.* is damaged`))]);
  });

  it('keeps published certificates while their index is absent', async () => {
    const certificate = { name: 'example.com', names: ['example.com'], serial: '01', key: 1, chain: 1 };
    const { publish, readPublished } = await store();
    await publish(files, files, { ...empty, certificates: [certificate] });
    expect((await readPublished(false)).certificates).toStrictEqual([certificate]);
  });
});
