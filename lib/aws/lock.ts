import {
  DeleteParameterCommand,
  GetParameterCommand,
  ParameterAlreadyExists,
  ParameterNotFound,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';

import { always, atNextRun, doing } from './calls';

type Holder = { readonly owner: string; readonly until: number };

export type Lock = {
  /** Gives whether it is ours now. */
  readonly take: (until: number) => Promise<boolean>;
  readonly release: () => Promise<void>;
};

type Me = {
  /** Unlike any other run's. */
  readonly owner: string;
  readonly now: () => number;
  readonly pause: (milliseconds: number) => Promise<void>;
};

/** Longer than two runs can lie apart that both found a lock expired and took it away. */
const settledMs = 3_000;

/**
 * A parameter that only one can create (AWS: PutParameter without Overwrite). One that has expired belongs to a run that
 * was ended; two that find it so may each take away the other's, so whoever took one over looks again a little later.
 */
export function lockIn(client: SSMClient, Name: string, { owner, now, pause }: Me): Lock {
  const create = (until: number): Promise<boolean> => {
    const Value = JSON.stringify({ owner, until } satisfies Holder);
    const created = client.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: false })).then(
      () => true,
      (error) => {
        if (error instanceof ParameterAlreadyExists) return false;
        throw error;
      },
    );
    return doing(`Taking the lock ${Name}`, created, atNextRun);
  };
  const holder = (): Promise<Holder | undefined> => {
    const read = client
      .send(new GetParameterCommand({ Name }))
      .then(({ Parameter }) => holderIn(always('Value', Parameter?.Value)));
    return doing(`Reading the lock ${Name}`, read.catch(ifMissing), atNextRun);
  };
  const remove = async (): Promise<void> => {
    const removed = client.send(new DeleteParameterCommand({ Name })).then(() => undefined);
    await doing(`Releasing the lock ${Name}`, removed.catch(ifMissing), atNextRun);
  };

  return {
    take: async (until) => {
      if (await create(until)) return true;
      const before = await holder();
      if (before?.owner === owner) return true;
      if (before !== undefined && before.until > now()) return false;
      if (before !== undefined) await remove();
      if (!(await create(until))) return false;
      await pause(settledMs);
      return (await holder())?.owner === owner;
    },
    release: async () => {
      if ((await holder())?.owner === owner) await remove();
    },
  };
}

/** A lock that nobody can read is one that nobody holds. */
function holderIn(text: string): Holder {
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
