/** Where things are on the instance. */
export type Settings = {
  /** Of the stage in Parameter Store, such as `/sluice/prod`. */
  readonly prefix: string;
  /** Holds the versioned folders. */
  readonly home: string;
  /** The symlink to the live one of them, by which HAProxy names its certificates. */
  readonly link: string;
  readonly masterSocket: string;
  readonly haproxy: string;
  /** How long a server that left must have been quiet before it is deleted. */
  readonly removeAfterSeconds: number;
  /** How long to wait for what passes by itself: throttling, an old answer, a master that executes itself anew. */
  readonly patienceMilliseconds: number;
  readonly ssmEndpoint: string | undefined;
  readonly imdsEndpoint: string;
  readonly region: string | undefined;
  /** Of the services that are asked by the Query protocol. */
  readonly queryEndpoint: string | undefined;
  /** What the configuration's `${NAME-default}` are filled from, as HAProxy does. */
  readonly environment: Readonly<Record<string, string | undefined>>;
};

/** @throws when the stage's prefix is missing. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const prefix = environment.SLUICE_PREFIX;
  if (!prefix) throw new Error('SLUICE_PREFIX is not set; it names the stage, such as /sluice/prod');
  return {
    prefix,
    home: environment.SLUICE_HOME ?? '/var/lib/sluice',
    link: environment.SLUICE ?? '/etc/haproxy/sluice',
    masterSocket: environment.SLUICE_MASTER ?? '/run/haproxy-master.sock',
    haproxy: environment.HAPROXY ?? 'haproxy',
    removeAfterSeconds: Number(environment.SLUICE_REMOVE_AFTER_SECONDS ?? 60),
    patienceMilliseconds: 1000 * Number(environment.SLUICE_PATIENCE_SECONDS ?? 10),
    ssmEndpoint: environment.AWS_ENDPOINT_URL_SSM ?? environment.AWS_ENDPOINT_URL,
    imdsEndpoint: environment.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? 'http://169.254.169.254',
    region: environment.AWS_REGION,
    queryEndpoint: environment.AWS_ENDPOINT_URL,
    environment,
  };
}
