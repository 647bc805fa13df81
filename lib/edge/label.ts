/** The labels of a route by key, without its host, path and port. Every value has matched its grammar. */
export type Labels = Readonly<Record<string, string>>;

/** What a label may know of the backend that it shapes. */
export type Shaped = {
  readonly name: string;
  readonly cluster: string;
  readonly service: string;
  readonly routes: readonly { readonly host: string; readonly path: string }[];
  readonly labels: Labels;
};

/** A key and a value of HAProxy's map (lib/haproxy/map.ts). No key may be the beginning of a longer one's text but at a slash. */
export type Entry = readonly [key: string, value: string];

/** A label of a route: its row in docs/labels.md, its grammar, and what it adds to HAProxy's configuration. */
export type Label = {
  /** Follows `haproxy.` or `haproxy.<route>.`. */
  readonly key: string;
  /** Its row in docs/labels.md: what a value says, and what is true without one. */
  readonly value: string;
  readonly standard: string;
  /** Ends the sentence of a fault: `haproxy.<key> "<value>" is not …`. */
  readonly right: string;
  /** Returns the value as it is published, or `undefined` if it is wrong. Danger: it is written into HAProxy's configuration. */
  readonly read: (text: string) => string | undefined;
  /** Why a right value cannot stand beside the route's path, other labels and hosts. */
  readonly contradiction?: (
    value: string,
    path: string,
    labels: Labels,
    hosts: readonly string[],
  ) => string | undefined;
  readonly lines?: (value: string, backend: Shaped) => readonly string[];
  /** What it adds to the map: the sync changes that without a reload, so it may follow the servers. */
  readonly entries?: (servers: readonly { readonly name: string }[]) => readonly Entry[];
  /** Words of each server's line. */
  readonly server?: (value: string) => string;
};
