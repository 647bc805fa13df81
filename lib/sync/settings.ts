type Environment = Readonly<Record<string, string | undefined>>;

/** The launch template sets these. */
export type Place = {
  readonly slot: string;
  /** The allocation of the Elastic IP address. */
  readonly address: string;
  /** Auto Scaling counts the instance only after `hook` is completed. */
  readonly group: string;
  readonly hook: string;
};

const placeNames = { slot: 'SLUICE_SLOT', address: 'SLUICE_ADDRESS', group: 'SLUICE_GROUP', hook: 'SLUICE_HOOK' };

export type Settings = {
  readonly prefix: string;
  /** Holds the versioned folders. */
  readonly home: string;
  /** The symlink to the live folder, by which HAProxy names its certificates. */
  readonly link: string;
  readonly masterSocket: string;
  readonly haproxy: string;
  readonly http: string;
  /** A server that left is deleted when its state has not changed for so many seconds. */
  readonly removeAfterSeconds: number;
  /** For faults that pass: throttling, an old answer, a master that restarts itself. */
  readonly patienceMilliseconds: number;
  readonly ssmEndpoint: string | undefined;
  readonly imdsEndpoint: string;
  readonly region: string | undefined;
  readonly queryEndpoint: string | undefined;
  /** Absent on an instance that was started by hand. */
  readonly slot: string | undefined;
  readonly place: () => Place;
  /** sync.sh has found a fault around this program, so this run counts as not synced. */
  readonly hasFault: boolean;
  /** Fills the configuration's `${NAME-default}`, as HAProxy does. */
  readonly environment: Environment;
};

export function readSettings(environment: Environment): Settings {
  const prefix = environment.SLUICE_PREFIX;
  if (!prefix) throw new Error('SLUICE_PREFIX is not set; it names the stage, such as /sluice/prod');
  return {
    prefix,
    home: environment.SLUICE_HOME ?? '/var/lib/sluice',
    link: environment.SLUICE ?? '/etc/haproxy/sluice',
    masterSocket: environment.SLUICE_MASTER ?? '/run/haproxy-master.sock',
    haproxy: environment.HAPROXY ?? 'haproxy',
    http: environment.SLUICE_HTTP ?? ':80',
    removeAfterSeconds: Number(environment.SLUICE_REMOVE_AFTER_SECONDS ?? 60),
    patienceMilliseconds: 1000 * Number(environment.SLUICE_PATIENCE_SECONDS ?? 10),
    ssmEndpoint: environment.AWS_ENDPOINT_URL_SSM ?? environment.AWS_ENDPOINT_URL,
    imdsEndpoint: environment.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? 'http://169.254.169.254',
    region: environment.AWS_REGION,
    queryEndpoint: environment.AWS_ENDPOINT_URL,
    slot: environment[placeNames.slot],
    place: () => readPlace(environment),
    hasFault: Boolean(environment.SLUICE_FAULT),
    environment,
  };
}

function readPlace(environment: Environment): Place {
  const missing = Object.values(placeNames).filter((name) => !environment[name]);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} not set; the template writes them at first boot`);
  const values = Object.entries(placeNames).map(([key, name]) => [key, environment[name]]);
  return Object.fromEntries(values) as Place;
}
