import type { Task } from '../fleet/task';
import { cut, printable } from '../printable';
import { type Fault, faultOf, type Kept, printKept, setOf, withoutIds } from './faults';
import { judge, type Look, suspects, worthALook } from './tasks';

/** At most 99 ASCII characters without a line break (AWS: SNS Publish, Subject), and plain text. */
export type Mail = { readonly subject: string; readonly body: string };

export type Deps = {
  readonly stage: { readonly name: string; readonly region: string };
  /** What ECS says of these services; one that is gone has no entry. */
  readonly readServices: (services: readonly string[]) => Promise<Look['services']>;
  /** Their tasks that ended within the last hour, or why they cannot be read. */
  readonly readEnded: (services: readonly string[]) => Promise<Look['ended']>;
  readonly keepFaults: (text: string) => Promise<void>;
  readonly mail: (mail: Mail) => Promise<void>;
  readonly countFaults: (count: number) => void;
};

export type Found = {
  readonly kept: Kept;
  /** Of labels, routes and reads. */
  readonly faults: readonly Fault[];
  readonly clusters: readonly string[];
  readonly tasks: readonly Task[];
  /** Services that are published or have tasks. */
  readonly services: readonly string[];
  /** Services that ended tasks, as events say. */
  readonly ended: readonly string[];
  /** `again`: a tick that is repeated in seconds is no second look. */
  readonly tick: 'first' | 'again' | undefined;
  readonly now: number;
};

/** Keeps the faults for people, and mails them. Never fails: what goes wrong here is a fault. Returns what goes into the log. */
export async function tellFaults(found: Found, deps: Deps): Promise<readonly string[]> {
  const { kept, faults, tick, now } = found;
  const looked = tick ? await lookAtTasks(found, deps) : { ofTasks: kept.ofTasks, ask: asked(found), notes: [] };
  const all = [...looked.ofTasks, ...faults];
  const next: Kept = { ...kept, faults, ofTasks: looked.ofTasks, ask: looked.ask, more: 0 };
  const told = tick ? await mailIfDue(next, all, tick, found, deps) : next;
  const notes = await keep(told, kept, now, deps);
  const failure = told.unmailed === undefined ? [] : [told.unmailed];
  if (tick) deps.countFaults(all.length + failure.length);
  return [...all.map(({ message }) => message), ...failure, ...looked.notes, ...notes];
}

/** A tick finds published services, and those with tasks; these have neither. */
const asked = ({ kept, ended, services }: Found): readonly string[] =>
  [...new Set([...kept.ask, ...ended])].filter((service) => !services.includes(service)).slice(0, mostAsked);

const mostAsked = 10;

/** A service that cannot be looked at keeps its faults. */
async function lookAtTasks(found: Found, deps: Deps) {
  const { kept, services, tasks, clusters, now } = found;
  const isOurs = (service: string) => clusters.includes(service.replace(/\/.*/, ''));
  const waiting = asked(found).filter(isOurs);
  const known = kept.ofTasks.filter(({ service }) => service === undefined || isOurs(service));
  const before = known.flatMap(({ service }) => service ?? []);
  try {
    const states = await deps.readServices([...new Set([...worthALook(services, tasks, now), ...waiting, ...before])]);
    const { chosen, left } = suspects(states, now);
    const ended = chosen.length > 0 ? await deps.readEnded(chosen) : new Map();
    const ofTasks = judge({ services: states, ended, known, now });
    const ask = waiting.filter((service) => [...chosen, ...left].includes(service));
    const note = `${left.length} more services seem unwell; the next ticks look at them`;
    return { ofTasks, ask, notes: left.length > 0 ? [note] : [] };
  } catch (error) {
    const fault = faultOf(`${unseen}: ${withoutIds((error as Error).message)}`);
    const ofServices = known.filter(({ service }) => service !== undefined);
    return { ofTasks: [...ofServices, fault], ask: waiting, notes: [] };
  }
}

const unseen = 'Whether the services’ tasks run cannot be seen';

const hour = 3600;

/**
 * A mail is due if the faults are those of the last tick and not those of the last mail, which was sent an hour ago or earlier. It is sent
 * before that is written down: if the run ends between the two, or the answer of SNS is lost, it comes twice, and is never lost.
 */
async function mailIfDue(next: Kept, all: readonly Fault[], tick: Found['tick'], { kept, now }: Found, deps: Deps) {
  const set = setOf(all);
  const seconds = Math.floor(now / 1000);
  const { mailed = { set: '', at: seconds - hour } } = kept;
  const isDue = tick === 'first' && kept.atTick === set && mailed.set !== set && seconds - mailed.at >= hour;
  const seen: Kept = { ...next, atTick: set };
  if (!isDue) return mailed.set === set ? withoutFailure(seen) : seen;
  try {
    await deps.mail(mailOf(all, deps.stage));
    return { ...withoutFailure(seen), mailed: { set, at: seconds } };
  } catch (error) {
    const why = withoutIds((error as Error).message);
    return { ...seen, unmailed: faultOf(`The faults could not be mailed: ${why}`).message };
  }
}

const withoutFailure = ({ unmailed: _, ...kept }: Kept): Kept => kept;

/** Writes what has changed. */
async function keep(next: Kept, kept: Kept, now: number, { keepFaults }: Deps): Promise<readonly string[]> {
  const isSame = setOf([...next.faults, ...next.ofTasks]) === setOf([...kept.faults, ...kept.ofTasks]);
  const since = isSame && kept.since > 0 ? kept.since : Math.floor(now / 1000);
  const text = printKept({ ...next, since });
  const isNothing = kept.since === 0 && [...next.faults, ...next.ofTasks, ...next.ask].length === 0;
  if (isNothing || text === printKept(kept)) return [];
  try {
    await keepFaults(text);
    return [];
  } catch (error) {
    return [faultOf(`The faults could not be kept: ${(error as Error).message}`).message];
  }
}

/** Longer lists are for the status. */
const mostLines = 20;

export function mailOf(faults: readonly Fault[], { name, region }: Deps['stage']): Mail {
  const status = `npx sluice status --stage ${name} --region ${region}`;
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
  const subject = (words: string) => cut(`Sluice ${name}: ${words}`.replace(/[^\x20-\x7e]/g, '?'), 99);
  if (faults.length === 0)
    return {
      subject: subject('all faults are gone'),
      body: `The faults of stage ${name} that were mailed before are gone.\n\nNext: nothing; to look: ${status}\n`,
    };
  const lines = faults.slice(0, mostLines).map(({ message }) => `- ${printable(message)}`);
  const more = faults.length > mostLines ? [`- and ${faults.length - mostLines} more`] : [];
  const body = [
    `Stage ${name} has ${count}. All else is served as before; a service with a faulty label keeps its last good route.`,
    '',
    ...lines,
    ...more,
    '',
    `Next: ${status}`,
    'What it means, and what to do: docs/operations.md, "A mail about faults"',
    '',
  ];
  return { subject: subject(count), body: body.join('\n') };
}
