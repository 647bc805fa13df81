import { unpack } from '../../lib/generation/generation';
import { type Backend, parseBackend } from '../../lib/haproxy/backend';
import type { File } from '../../lib/haproxy/render';
import { parameterStore } from '../../scripts/local/ssm/parameters';

export const prefix = '/sluice/test';

type Written = { readonly files: readonly File[]; readonly backends: readonly Backend[] };

export type Store = ReturnType<typeof newStore>;

/** The played Parameter Store, and the generations in it, read without the help of lib/aws. */
export function newStore(now: () => number) {
  const { handlers, read, version } = parameterStore(now);
  const generations = new Map<number, Written>();
  return {
    answer: (action: string, input: object): object =>
      handlers[`ssm:${action}` as 'ssm:GetParameters'](input as { Names: string[] }),
    /** The newest generation. */
    number: (): number => version(`${prefix}/haproxy/current`),
    generation: (number: number): Written => {
      const known = generations.get(number) ?? readGeneration(number, (name) => read(`${prefix}/haproxy/${name}`));
      generations.set(number, known);
      return known;
    },
  };
}

function readGeneration(number: number, read: (name: string) => string | undefined): Written {
  const current = read(`current:${number}`);
  if (current === undefined) return { files: [], backends: [] };
  const listed = JSON.parse(unpack([current])) as { files: { name: string; versions: number[] }[] };
  const files = listed.files.map(({ name, versions }) => {
    const parts = versions.map((version, index) => read(`files/${name}${index ? `.${index + 1}` : ''}:${version}`));
    return { name, text: unpack(parts.map((part = '') => part)) };
  });
  const backends = files.filter(({ name }) => name.startsWith('50-')).map(({ text }) => parseBackend(text));
  return { files, backends };
}
