import * as z from 'zod/mini';

/** Its name has no dot at the end. */
export type Zone = {
  readonly id: string;
  readonly name: string;
  readonly isPrivate: boolean;
  readonly nameServers: readonly string[];
};

export type Zones = {
  readonly read: (id: string) => Promise<Zone>;
  readonly readText: (zone: string, name: string) => Promise<Records | undefined>;
  /** In lower case; never the target of a wildcard. */
  readonly readCname: (zone: string, name: string) => Promise<string | undefined>;
  readonly delegates: (zone: string, name: string) => Promise<boolean>;
  /** All changes or none. Returns the id of the change, or `undefined` when the record sets are no longer as they were read. */
  readonly change: (zone: string, changes: readonly Change[]) => Promise<string | undefined>;
  readonly isInSync: (change: string) => Promise<boolean>;
};

const answer = z.object({ zone: z.string(), name: z.string(), value: z.string() });

/** `zone` is an id. */
export type Answer = Readonly<z.infer<typeof answer>>;

export function parseAnswers(text: string): readonly Answer[] {
  const read = z.array(answer).safeParse(JSON.parse(text));
  if (read.success) return read.data;
  throw new Error('it does not list answers with their zone, name and value');
}

/** Values are quoted, as in Route 53. */
export type RecordSet = {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly values: readonly string[];
  readonly policy?: Policy;
};

/** Other fields are written back as they are. */
type Policy = {
  readonly SetIdentifier?: string | undefined;
  readonly MultiValueAnswer?: boolean | undefined;
  readonly GeoLocation?: { readonly CountryCode?: string | undefined } | undefined;
  readonly CidrRoutingConfig?:
    | { readonly CollectionId: string | undefined; readonly LocationName: string | undefined }
    | undefined;
  readonly AliasTarget?: { readonly DNSName: string | undefined } | undefined;
  readonly TrafficPolicyInstanceId?: string | undefined;
};
type RoutedSet = RecordSet & { readonly policy: Policy };

/** Several record sets of one name with a routing policy: each asker sees some of them. */
type Routed = { readonly name: string; readonly routed: readonly RoutedSet[] };

export type Records = RecordSet | Routed;

export type Change = { readonly action: 'CREATE' | 'DELETE'; readonly set: RecordSet };

/** Short, so that a resolver that saw an old answer forgets it before the next try. */
const ttlSeconds = 10;
/** AWS: Multivalue answer routing. */
const mostShown = 8;

/** The zone with the longest name that fits. A private zone answers only inside its VPC. */
export function zoneOf(name: string, zones: readonly Zone[]): Zone | undefined {
  const fitting = zones.filter((zone) => !zone.isPrivate && `.${name}`.endsWith(`.${zone.name}`));
  return fitting.sort((a, b) => b.name.length - a.name.length)[0];
}

/** Several names and certificates may share one. */
export function byRecordSet(answers: readonly Answer[]): readonly (readonly Answer[])[] {
  const sets = new Map<string, Answer[]>();
  for (const answer of answers) {
    const key = `${answer.zone} ${answer.name}`;
    sets.set(key, [...(sets.get(key) ?? []), answer]);
  }
  return [...sets.values()];
}

/** Succeeds only if no other writer came between. @throws with advice on what to delete, when values cannot be added. */
export function adding(name: string, before: Records | undefined, values: readonly string[]): readonly Change[] {
  if (before && 'routed' in before) return addingToRouted(before, values.map(quote));
  const all = [...new Set([...(before?.values ?? []), ...values.map(quote)])];
  if (all.length === (before?.values.length ?? 0)) return [];
  const created = create({ name, ttlSeconds: before?.ttlSeconds ?? ttlSeconds, values: all });
  return before ? [{ action: 'DELETE', set: before }, created] : [created];
}

export function removing(before: Records | undefined, values: readonly string[]): readonly Change[] {
  if (before === undefined) return [];
  const own = new Set(values.map(quote));
  const sets = 'routed' in before ? before.routed : [before];
  return sets.flatMap((set) =>
    replacing(
      set,
      set.values.filter((value) => !own.has(value)),
    ),
  );
}

/** No simple set may exist beside routed ones (AWS: Choosing a routing policy), so each takes the values, and a new one fills gaps. */
function addingToRouted({ name, routed }: Routed, values: readonly string[]): readonly Change[] {
  const fixed = routed.find(({ policy }) => policy.AliasTarget ?? policy.TrafficPolicyInstanceId);
  if (fixed) throw cannotChange(name, fixed);
  const isMulti = routed.every(({ policy }) => policy.MultiValueAnswer);
  if (isMulti && routed.length + values.length <= mostShown) return addingSets({ name, routed }, values);
  const policy = gapFiller(routed.map((set) => set.policy));
  return [
    ...routed.flatMap((set) => replacing(set, [...new Set([...set.values, ...values])])),
    ...(policy ? [create({ name, ttlSeconds, values, policy })] : []),
  ];
}

const addingSets = ({ name, routed }: Routed, values: readonly string[]): readonly Change[] =>
  values
    .filter((value) => !routed.some((set) => set.values.includes(value)))
    .map((value) => {
      const policy = { SetIdentifier: `sluice ${value.replaceAll('"', '')}`, MultiValueAnswer: true };
      return create({ name, ttlSeconds, values: [value], policy });
    });

function replacing(set: RecordSet, values: readonly string[]): readonly Change[] {
  if (values.length === set.values.length) return [];
  const removed = { action: 'DELETE', set } as const;
  return values.length === 0 ? [removed] : [removed, create({ ...set, values })];
}

/** Askers in no listed place get no answer, unless a set answers for everywhere else (AWS: Geolocation and IP-based routing). */
function gapFiller(policies: readonly Policy[]): Policy | undefined {
  const [{ GeoLocation, CidrRoutingConfig } = {}] = policies;
  const SetIdentifier = 'sluice';
  if (GeoLocation && !policies.some((each) => each.GeoLocation?.CountryCode === '*'))
    return { SetIdentifier, GeoLocation: { CountryCode: '*' } };
  if (CidrRoutingConfig && !policies.some((each) => each.CidrRoutingConfig?.LocationName === '*'))
    return { SetIdentifier, CidrRoutingConfig: { ...CidrRoutingConfig, LocationName: '*' } };
  return undefined;
}

const create = (set: RecordSet): Change => ({ action: 'CREATE', set });
const quote = (value: string): string => `"${value}"`;

export const routedNotice = ({ name, routed }: Routed): string =>
  `${name} has TXT records with a routing policy (${routed.map(identify).join(', ')}), which another tool may have left; ` +
  'the challenge stands in each of them until it is over. Delete them if they are not needed';

const identify = ({ policy: { SetIdentifier } }: RoutedSet): string => SetIdentifier ?? 'without a set identifier';

function cannotChange(name: string, { policy }: RoutedSet): Error {
  const which = policy.SetIdentifier ? ` with set identifier "${policy.SetIdentifier}"` : '';
  const why = policy.AliasTarget ? `is an alias of ${policy.AliasTarget.DNSName}` : 'belongs to a traffic policy';
  return new Error(`the TXT record${which} of ${name} ${why}, so that no challenge fits beside it; delete that record`);
}
