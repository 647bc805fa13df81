/** The settings of the stage that shape HAProxy's configuration. `settings.example.yml` explains each. */
export type StageSettings = {
  /** Ranges of addresses, in CIDR notation. */
  readonly trustedProxies: readonly string[];
  readonly minTls: '1.2' | '1.3';
  /** HTML by status, in place of a page of Sluice's own. */
  readonly errorPages: Readonly<Record<string, string>>;
};

export const usualSettings: StageSettings = { trustedProxies: [], minTls: '1.2', errorPages: {} };
