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
