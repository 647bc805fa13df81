import type { Message } from '../../lib/reconcile';

/** The call of a run, counted from 0, that goes wrong, and how. */
export type Break = {
  readonly call: number;
  readonly how: 'killed' | 'throttled' | 'answer lost';
  /** In this many runs, one after the other. */
  readonly runs: number;
};

/** What one run was told, and how it ended. */
export type Run = {
  readonly messages: readonly Message[];
  readonly shown: readonly unknown[];
  /** The container instances that it was told of. */
  readonly hosts: ReadonlySet<string>;
  readonly counted: ReadonlyMap<string, number>;
  readonly nudges: number;
  /** What it described was as new as can be. */
  readonly fresh: boolean;
  readonly ended: 'done' | 'failed' | 'killed';
  /** The seconds after which the queue gives its messages again. */
  readonly backAfter: number;
};
