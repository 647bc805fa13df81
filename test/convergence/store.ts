import { unpack } from '../../lib/generation/generation';
import { type Backend, parseBackend } from '../../lib/haproxy/backend';
import type { File } from '../../lib/haproxy/render';

type Input = {
  readonly Name?: string;
  readonly Names?: readonly string[];
  readonly Value?: string;
};

export const prefix = '/sluice/test';

type Written = { readonly files: readonly File[]; readonly backends: readonly Backend[] };

export type Store = ReturnType<typeof newStore>;

/** Parameter Store: every version is kept, none is changed. */
export function newStore() {
  const parameters = new Map<string, string[]>();
  const get = (selector: string) => {
    const [Name = '', version] = selector.split(':');
    const versions = parameters.get(Name) ?? [];
    const Version = version === undefined ? versions.length : Number(version);
    const Value = versions[Version - 1];
    return Value === undefined
      ? []
      : [{ Name, Value, Version, ...(version !== undefined && { Selector: `:${version}` }) }];
  };
  const generations = new Map<number, Written>();
  const store = {
    answer: (action: string, { Name = '', Names = [], Value = '' }: Input): object => {
      if (action === 'GetParameters') {
        return { Parameters: Names.flatMap(get), InvalidParameters: Names.filter((name) => get(name).length === 0) };
      }
      if (action !== 'PutParameter') throw new Error(`the model does not play ${action}`);
      parameters.set(Name, [...(parameters.get(Name) ?? []), Value]);
      return { Version: parameters.get(Name)?.length };
    },
    /** The newest generation. */
    number: (): number => parameters.get(`${prefix}/haproxy/current`)?.length ?? 0,
    /** A generation as it was written, read without the help of lib/aws. */
    generation: (number: number): Written => {
      const known = generations.get(number) ?? read(number);
      generations.set(number, known);
      return known;
    },
  };
  const read = (number: number): Written => {
    const current = get(`${prefix}/haproxy/current:${number}`)[0]?.Value;
    if (current === undefined) return { files: [], backends: [] };
    const listed = JSON.parse(unpack([current])) as { files: { name: string; versions: number[] }[] };
    const files = listed.files.map(({ name, versions }) => {
      const part = (version: number, index: number) =>
        get(`${prefix}/haproxy/files/${name}${index === 0 ? '' : `.${index + 1}`}:${version}`)[0]?.Value ?? '';
      return { name, text: unpack(versions.map(part)) };
    });
    return {
      files,
      backends: files.filter(({ name }) => name.startsWith('50-')).map(({ text }) => parseBackend(text)),
    };
  };
  return store;
}
