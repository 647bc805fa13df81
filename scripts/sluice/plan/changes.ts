import type { Decision } from '../../../lib/decide';
import { sameUsers } from '../../../lib/edge/users';
import { sha256 } from '../../../lib/generation/generation';
import { contradiction } from '../../../lib/generation/plan';
import { describedStructure, type File, render } from '../../../lib/haproxy/render';
import type { StageSettings } from '../../../lib/haproxy/stage';
import { byService } from '../../../lib/routes/look';
import { type ServiceChange, serviceChange } from './service';

/** What the next run would do. */
export type Planned = {
  readonly action: 'keep' | 'publish' | 'refuse';
  /** The published generation; 0 before the first. */
  readonly generation: number;
  /** Why it would refuse. */
  readonly refuses?: string;
  readonly reload: boolean;
  readonly services: readonly ServiceChange[];
  readonly certificates: readonly { readonly names: readonly string[]; readonly what: 'new' | 'renewed' | 'gone' }[];
  /** Files that differ only because this clone writes them in another form: another release, or other settings. */
  readonly otherForm: readonly string[];
  readonly faults: readonly string[];
};

export function changesOf(decision: Decision, settings: StageSettings): Planned {
  const { published, files, plan, faults, routes, leftOut } = decision;
  const before = asPublished(decision, settings);
  const changed = [...before, ...files]
    .map(({ name }) => name)
    .filter((name) => textOf(name, before) !== textOf(name, files));
  const certificates = certificateChanges(decision);
  const isNew = published.generation === undefined || changed.length > 0 || certificates.length > 0;
  return {
    action: plan.action === 'refuse' ? 'refuse' : isNew ? 'publish' : 'keep',
    generation: published.number,
    ...(plan.action === 'refuse' && { refuses: contradiction(routes.doubts) }),
    reload: isNew && (published.generation === undefined || !sameStructure(before, files)),
    services: serviceChanges(
      decision,
      routes.backends.filter((backend) => !leftOut.includes(backend)),
      changed,
    ),
    certificates,
    otherForm: otherForm(decision, before),
    faults: [...faults.map(({ message }) => message), ...(published.damage ? [published.damage] : [])],
  };
}

const textOf = (name: string, files: readonly File[]): string | undefined =>
  files.find((file) => file.name === name)?.text;

/** What is published, as this clone writes it. */
function asPublished({ published }: Decision, settings: StageSettings): readonly File[] {
  const certified = (published.generation?.certificates ?? []).flatMap(({ names }) => names);
  return render({ backends: published.backends, certified, settings });
}

/** Of damaged files nothing is known. */
function otherForm({ published: { generation, faults } }: Decision, before: readonly File[]): readonly string[] {
  if (generation === undefined || faults.length > 0) return [];
  const known = new Map(generation.files.map(({ name, sha256 }) => [name, sha256]));
  return before.filter(({ name, text }) => known.get(name) !== sha256(text)).map(({ name }) => name);
}

/** As the sync decides it: lib/sync/apply.ts. */
function sameStructure(before: readonly File[], after: readonly File[]): boolean {
  const structureOf = (files: readonly File[]) => describedStructure(files.map(({ text }) => text).join('\n'));
  return structureOf(before) === structureOf(after) && sameUsers(before, after);
}

function serviceChanges(decision: Decision, next: Decision['routes']['backends'], changed: readonly string[]) {
  const [had, has] = [byService(decision.published.backends), byService(next)];
  const tasks = byService(decision.fleet.tasks);
  const isChanged = new Set(changed);
  return [...new Set([...had.keys(), ...has.keys()])].sort().flatMap((service) => {
    const [before, after] = [had.get(service) ?? [], has.get(service) ?? []];
    if (![...before, ...after].some(({ name }) => isChanged.has(`50-${name}.cfg`))) return [];
    return serviceChange(service, before, after, tasks.get(service) ?? [], decision.fleet);
  });
}

function certificateChanges({ published: { generation, certificates } }: Decision): Planned['certificates'] {
  const known = new Map((generation?.certificates ?? []).map((each) => [each.name, each]));
  const come = certificates.flatMap((each) => {
    const old = known.get(each.name);
    if (JSON.stringify(old) === JSON.stringify(each)) return [];
    return { names: each.names, what: old === undefined ? ('new' as const) : ('renewed' as const) };
  });
  const gone = [...known.values()].filter(({ name }) => !certificates.some((each) => each.name === name));
  return [...come, ...gone.map(({ names }) => ({ names, what: 'gone' as const }))];
}
