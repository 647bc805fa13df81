/** The settings of the stage that shape HAProxy's configuration. `settings.example.yml` explains each. */
export type StageSettings = {
  /** Ranges of addresses, in CIDR notation. */
  readonly trustedProxies: readonly string[];
};

export const usualSettings: StageSettings = { trustedProxies: [] };
