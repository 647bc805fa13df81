import type { Processes } from '../real/processes';
import type { Delays } from './delays';
import type { Timers } from './timers';

export type Moment = {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly kind:
    | 'service'
    | 'host'
    | 'task-pending'
    | 'task-running'
    | 'task-healthy'
    | 'stop-ordered'
    | 'sigterm'
    | 'task-stopped'
    | 'task-died'
    | 'event'
    | 'reconciled'
    | 'renewed'
    | 'command'
    | 'synced'
    | 'haproxy'
    | 'boot'
    | 'control-plane'
    | 'output';
  /** A sentence for people; for `output` the line as it was printed. */
  readonly text: string;
  readonly task?: string;
  readonly service?: string;
  readonly revision?: number;
};

export type Say = (kind: Moment['kind'], text: string, about?: Partial<Moment>) => void;

export type Played = {
  readonly delays: Delays;
  readonly timers: Timers;
  readonly processes: Processes;
  readonly say: Say;
  readonly atEnd: (stop: () => Promise<void>) => void;
};
