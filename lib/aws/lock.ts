import {
  DeleteParameterCommand,
  GetParameterCommand,
  ParameterAlreadyExists,
  ParameterNotFound,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';

import type { Lock } from '../certificates/renew';
import type { Run } from '../certificates/run';
import { always, atNextRun, doing } from './calls';

type Holder = { readonly owner: string; readonly until: number };

type Deps = Pick<Run, 'now' | 'pause'> & {
  /** Unlike any other run's. */
  readonly owner: string;
};

/** Longer than the race between two runs that both saw an expired lock. */
const settledMs = 3_000;

/**
 * A lock of one run at a time: a parameter that only one run can create (AWS: PutParameter without Overwrite). Reserved
 * concurrency of one would do the same, but AWS refuses it to new accounts, whose quota of concurrent runs is ten.
 *
 * An expired lock belongs to a run that was killed. Two runs that find it may each delete the other's new lock, so a run that
 * took one over reads it again after a moment.
 */
export function lockIn(client: SSMClient, name: string, { owner, now, pause }: Deps): Lock {
  const holder = () => readHolder(client, name);
  return {
    take: async (until) => {
      if (await create(client, name, { owner, until })) return true;
      const before = await holder();
      if (before?.owner === owner) return true;
      if (before !== undefined && before.until > now()) return false;
      if (before !== undefined) await remove(client, name);
      if (!(await create(client, name, { owner, until }))) return false;
      await pause(settledMs);
      return (await holder())?.owner === owner;
    },
    release: async () => {
      if ((await holder())?.owner === owner) await remove(client, name);
    },
  };
}

/** Returns whether this run created it. */
function create(client: SSMClient, Name: string, holder: Holder): Promise<boolean> {
  const Value = JSON.stringify(holder);
  const created = client.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: false })).then(
    () => true,
    (error) => {
      if (error instanceof ParameterAlreadyExists) return false;
      throw error;
    },
  );
  return doing(`Taking the lock ${Name}`, created, atNextRun);
}

function readHolder(client: SSMClient, Name: string): Promise<Holder | undefined> {
  const read = client
    .send(new GetParameterCommand({ Name }))
    .then(({ Parameter }) => parseHolder(always('Value', Parameter?.Value)));
  return doing(`Reading the lock ${Name}`, read.catch(ifMissing), atNextRun);
}

function remove(client: SSMClient, Name: string): Promise<void> {
  const removed = client.send(new DeleteParameterCommand({ Name })).then(() => undefined);
  return doing(`Releasing the lock ${Name}`, removed.catch(ifMissing), atNextRun);
}

/** A lock that cannot be read counts as expired: otherwise no run could take it again. */
function parseHolder(text: string): Holder {
  try {
    const { owner, until } = JSON.parse(text) as Holder;
    if (typeof owner === 'string' && typeof until === 'number') return { owner, until };
  } catch {}
  return { owner: 'nobody', until: 0 };
}

function ifMissing(error: Error): undefined {
  if (error instanceof ParameterNotFound) return undefined;
  throw error;
}
