import type { Found } from './binaries';

export const haproxyReleases = ['2.6', '2.8', '3.0', '3.2'] as const;
/** Ubuntu 24.04, which the proxies run, has 18.19. */
export const nodeReleases = ['18.19', '22', '24'] as const;

export const forms = ['short', 'long'] as const;
export type Form = (typeof forms)[number];

/** The variables by which tests choose what they start. */
type Variable = 'HAPROXY' | 'SYNC_NODE';

/** One run of tests, or what it lacks. */
export type Run = {
  /** Such as "HAProxy 3.2". */
  readonly subject: string;
  readonly variables: readonly Variable[];
  /** Such as "3.2.7". */
  readonly version: string;
  /** Which tests, in words. */
  readonly what: string;
  /** Their files, below the repository. */
  readonly files: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Why it cannot be run. */
  readonly lacks?: string;
};

type Binaries = ReadonlyMap<string, Found>;

const goldens = /^test\/haproxy\/goldens\./;
const ofHaproxy = /^test\/(haproxy|system)\/(?!acme)/;
const ofSync = /^test\/system\/(boot|convergence|loop|replacement|sync|upgrade)/;
const ofShort =
  /^test\/(haproxy\/goldens|system\/(edge-(headers|hosts|limits|tls|tunnels)|label-[a-z]+|routing(-property)?|sync-(health|reload)))\./;

export const nodesFor = (form: Form): readonly string[] => (form === 'short' ? nodeReleases.slice(0, 1) : nodeReleases);

/** @param all the files of all tests that drive HAProxy */
export function runsOf(form: Form, haproxies: Binaries, nodes: Binaries, all: readonly string[]): readonly Run[] {
  const select = (wanted: RegExp) => all.filter((file) => wanted.test(file));
  const onNodes = (what: string, files: readonly string[]) =>
    Array.from(nodes, ([release, found]) => runOf('SYNC_NODE', release, found, what, files));
  const onHaproxies = (what: string, files: readonly string[]) =>
    Array.from(haproxies, ([release, found]) => runOf('HAPROXY', release, found, what, files));

  if (form === 'long')
    return [
      ...onHaproxies('all that drive HAProxy', select(ofHaproxy)),
      ...onNodes('those of the sync', select(ofSync)),
    ];
  // The newest HAProxy and the oldest Node.js share one run: `npm test` uses others.
  const [newest, ...earlier] = onHaproxies('goldens and a part of the others', select(ofShort)).reverse();
  const [oldest] = onNodes('a part', select(ofShort));
  return [
    ...earlier.reverse().map((run) => ({ ...run, what: 'goldens', files: select(goldens) })),
    ...(newest && oldest ? together(newest, oldest) : []),
  ];
}

const names = { HAPROXY: 'HAProxy', SYNC_NODE: 'the sync on Node.js' } as const;

function runOf(variable: Variable, release: string, found: Found, what: string, files: readonly string[]): Run {
  const run = { subject: `${names[variable]} ${release}`, variables: [variable], what, files };
  if ('lacks' in found) return { ...run, version: '', environment: {}, lacks: found.lacks };
  return { ...run, version: found.version, environment: { [variable]: found.path } };
}

/** One run instead of two, if both have what they need. */
function together(one: Run, other: Run): readonly Run[] {
  if (one.lacks !== undefined || other.lacks !== undefined) return [one, other];
  return [
    {
      ...one,
      subject: `${one.subject}, ${other.subject}`,
      version: `${one.version}, ${other.version}`,
      variables: [...one.variables, ...other.variables],
      environment: { ...one.environment, ...other.environment },
    },
  ];
}
