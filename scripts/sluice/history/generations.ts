import type { ParameterHistory } from '@aws-sdk/client-ssm';

import { usersName } from '../../../lib/edge/auth';
import { type Generation, parseGeneration } from '../../../lib/generation/generation';
import { mapName } from '../../../lib/haproxy/sections';

export type Entry = {
  readonly generation: number;
  /** ISO 8601. */
  readonly at: string;
  /** In words, compared with the one before; absent if nothing is known of that one. */
  readonly changes?: readonly string[];
  /** Why, and because of which event; absent before this was recorded. */
  readonly why?: string;
  /** Who wrote it, if it was not reconcile. */
  readonly by?: string;
  /** Why its list cannot be read. */
  readonly damaged?: string;
};

/** Newest first. @param history the oldest first, as AWS lists it */
export function entriesOf(history: readonly ParameterHistory[], stage: string): readonly Entry[] {
  const sorted = [...history].sort((a, b) => (a.Version ?? 0) - (b.Version ?? 0));
  const read = sorted.map((each) => readList(each.Value));
  const entries = sorted.map(({ Version = 0, LastModifiedDate, LastModifiedUser, Description = '' }, index): Entry => {
    const [before, own] = [read[index - 1], read[index]];
    const isFirst = Version === 1;
    const by = LastModifiedUser?.endsWith(`/sluice-${stage}-reconcile`) ? undefined : LastModifiedUser;
    return {
      generation: Version,
      at: LastModifiedDate?.toISOString() ?? '',
      ...(own?.list && (isFirst || before?.list) && { changes: changesIn(before?.list, own.list) }),
      ...(Description && { why: whyOf(Description) }),
      ...(by !== undefined && { by }),
      ...(own?.why !== undefined && { damaged: own.why }),
    };
  });
  return entries.reverse();
}

type Read = { readonly list?: Generation; readonly why?: string };

function readList(value = ''): Read {
  try {
    return { list: parseGeneration(value) };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

/** `<what changed> | because: <events>`: the first half is known from the lists. */
const whyOf = (description: string): string => description.split(' | because: ').at(-1) ?? description;

function changesIn(before: Generation | undefined, after: Generation): readonly string[] {
  const [had, has] = [hashesOf(before), hashesOf(after)];
  const all = [...new Set([...had.keys(), ...has.keys()])].filter((name) => had.get(name) !== has.get(name));
  const services = (verb: string, isMeant: (name: string) => boolean) => {
    const names = [...new Set(all.filter(isMeant).flatMap(serviceIn))];
    return names.length > 0 ? [`${verb} ${names.join(', ')}`] : [];
  };
  if (before === undefined) return ['the first one', ...services('with', () => true)];
  const isStructure = all.includes('00-global.cfg');
  const isEqual = JSON.stringify(before.certificates) === JSON.stringify(after.certificates);
  return [
    ...services('new', (name) => !had.has(name)),
    ...services('changed', (name) => had.has(name) && has.has(name)),
    ...services('gone', (name) => !has.has(name)),
    ...Object.entries(shared).flatMap(([name, words]) => (all.includes(name) ? [words] : [])),
    ...(isEqual ? [] : ['certificates']),
    ...(isStructure ? ['one reload of HAProxy'] : []),
  ];
}

const shared: Readonly<Record<string, string>> = {
  [usersName]: 'passwords',
  '10-frontends.cfg': 'the entrance',
  [mapName]: 'routes',
};

const hashesOf = (list: Generation | undefined): ReadonlyMap<string, string> =>
  new Map((list?.files ?? []).map(({ name, sha256 }) => [name, sha256]));

/** `50-demo.shop.cfg`; names of ECS have no dot, and a task that was started alone has one before its family. */
function serviceIn(file: string): readonly string[] {
  const [, cluster, service] = /^50-([^.]+)\.(\.?[^.]+).*\.cfg$/.exec(file) ?? [];
  return cluster === undefined || service === undefined ? [] : [`${cluster}/${service}`];
}
