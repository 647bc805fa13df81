import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';

import { wrapped } from '../../terminal/wrap';
import { advice, reason } from '../refusal';
import type { Deps } from '../verb';
import { eventsSince } from './events';
import type { Packager } from './packager';
import { eventsOf, type Followed, isChanging, milestone, type StackEvent, slowOnes, statusLine } from './progress';

const { blocked, isDenied } = require('../../../resources/preflight/refusals.cjs') as {
  blocked: (error: Error, region: string) => string | undefined;
  isDenied: (error: Error) => boolean;
};
const { resourcesOf } = require('../../../resources/preflight/stack.cjs') as {
  resourcesOf: (client: CloudFormationClient, stack: string) => Promise<ReadonlyMap<string, string>>;
};
const { watch } = require('../../../resources/preflight/watch.cjs') as {
  watch: (world: object) => { look: (...advice: string[]) => Promise<void>; end: () => void };
};

const everyMs = 5_000;
const mostPauseMs = 60_000;
const lineEveryMs = 60_000;
const groupsEveryMs = 15_000;
/** A rollback is followed for so long after the packager has ended. */
const mostAfterMs = 45 * 60_000;
const patience = 3;

export type Start = Pick<Followed, 'kind' | 'stack' | 'region' | 'before'> & {
  readonly last: string | undefined;
  readonly stackId: string | undefined;
};

/** Reads how the stack is before anything begins. @throws as AWS refuses */
export async function startOf(kind: Followed['kind'], stage: string, region: string, { config }: Deps): Promise<Start> {
  const [stack, client] = [`sluice-${stage}`, new CloudFormationClient(config(region))];
  const { events, stackId } = await eventsSince(client, stack, undefined, 1);
  const before = stackId ? new Set((await resourcesOf(client, stack)).keys()) : new Set<string>();
  return { kind, stack, region, before, last: events.at(-1)?.id, stackId };
}

/**
 * Prints how far CloudFormation is, until the packager has ended and the stack no longer changes. A look that fails never ends a deploy.
 * Returns what was seen last.
 */
export async function follow(
  start: Start,
  packager: Pick<Packager, 'exit' | 'hasRefused'>,
  deps: Deps,
  stop: AbortSignal,
): Promise<Followed> {
  const began = deps.now();
  const state = { ...start, events: [] as StackEvent[], template: undefined as Followed['template'] };
  const show = shower(state, deps, began);
  const groups = watchGroups(start, deps);
  const look = looker(state, deps);
  let endedAt: number | undefined;
  const done = packager.exit.then(() => {
    endedAt = deps.now();
  });
  while (!stop.aborted) {
    const hasEnded = endedAt !== undefined;
    state.template ??= packagedTemplate(deps, began);
    const pauseMs = await look();
    show();
    await groups(state);
    if (pauseMs === undefined) break;
    // What still changes then is another user's deploy.
    if (hasEnded && packager.hasRefused()) break;
    if (hasEnded && (!isChanging(state) || deps.now() - (endedAt ?? 0) > mostAfterMs)) break;
    const pause = deps.pause(pauseMs, stop).catch(() => {});
    await (hasEnded ? pause : Promise.race([pause, done]));
  }
  await done;
  deps.terminal.progress('');
  return state;
}

/** The template that the packager writes, once it has written it. */
function packagedTemplate({ root }: Deps, began: number): Followed['template'] {
  const file = join(root, '.serverless/cloudformation-template-update-stack.json');
  if (!existsSync(file) || statSync(file).mtimeMs < began - 1_000) return undefined;
  try {
    const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as { Resources: object };
    return new Set(Object.keys(Resources));
  } catch {
    // It is being written.
    return undefined;
  }
}

type State = { -readonly [Key in keyof Followed]: Followed[Key] } & {
  readonly events: StackEvent[];
  last: string | undefined;
  stackId: string | undefined;
};

/** Reads new events. Its result is how long to wait before the next look; `undefined` if looking is of no use any more. */
function looker(state: State, { config, terminal }: Deps): () => Promise<number | undefined> {
  const client = new CloudFormationClient(config(state.region));
  let [failed, pauseMs] = [0, everyMs];
  const goesOn = `CloudFormation goes on by itself; \`${eventsOf(state.stack, state.region)}\` shows how far it is.`;
  const { complain } = terminal;
  return async () => {
    try {
      const seen = await eventsSince(client, state.stackId ?? state.stack, state.last);
      state.stackId = seen.stackId ?? state.stackId;
      state.last = seen.events.at(-1)?.id ?? state.last;
      state.events.push(...seen.events);
      [failed, pauseMs] = [0, everyMs];
      return pauseMs;
    } catch (thrown) {
      const error = thrown as Error;
      const words = error.name === 'TimeoutError' ? undefined : blocked(error, state.region);
      if (isDenied(error) || (words !== undefined && /credentials|signature/.test(words))) {
        complain(`${words ?? `${reason(error)}. ${advice(error, 'docs/deploy-policy.json')}.`} ${goesOn}`);
        return undefined;
      }
      pauseMs = Math.min(2 * pauseMs, mostPauseMs);
      if (++failed === patience) complain(`The progress cannot be read just now: ${words ?? reason(error)}. ${goesOn}`);
      return pauseMs;
    }
  };
}

/** Prints a line for each milestone and each resource that takes long, and the status line; in a pipe one a minute. */
function shower(state: State, { terminal, now }: Deps, began: number): () => void {
  const told = new Set<string>();
  let [shown, lineAt] = [0, began];
  const say = (words: string) => terminal.say(wrapped(words, terminal.columns, 2));
  return () => {
    const fresh = state.events.slice(shown);
    shown = state.events.length;
    for (const event of fresh) {
      const words = milestone(state, event);
      if (words !== undefined) say(words);
    }
    for (const { id, says } of slowOnes(state, now())) {
      if (!told.has(id)) say(says);
      told.add(id);
    }
    const line = isChanging(state) ? statusLine(state, now()) : '';
    if (line !== '') terminal.progress(line);
    if (terminal.hasStatusLine || line === '' || now() - lineAt < lineEveryMs) return;
    lineAt = now();
    terminal.say(line);
  };
}

/** Asks Auto Scaling for instances that could not start, while a group is in progress, and once when it has failed. */
function watchGroups({ stack, region }: Start, { config, terminal, now }: Deps): (state: Followed) => Promise<void> {
  const warn = (words: readonly string[]) => words.forEach(terminal.complain);
  const { look, end } = watch({ config: config(region), region, stack, warn });
  end();
  let askedAt = Number.NEGATIVE_INFINITY;
  let asked = 0;
  return async ({ events }) => {
    const ofGroups = events.filter(({ type }) => type === 'AWS::AutoScaling::AutoScalingGroup');
    const last = new Map(ofGroups.map((event) => [event.logical, event.status]));
    const isWaiting = [...last.values()].some((status) => status.endsWith('_IN_PROGRESS'));
    const isNew = ofGroups.length > asked;
    asked = ofGroups.length;
    if (!(isNew || (isWaiting && now() - askedAt >= groupsEveryMs))) return;
    askedAt = now();
    await look(`If that repeats, \`aws cloudformation cancel-update-stack --stack-name ${stack}\` stops the deploy.`);
  };
}
