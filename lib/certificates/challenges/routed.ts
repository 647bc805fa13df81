import type { Change, RecordSet } from './record-sets';

/** What Route 53 holds of a record set beside its records, passed on as it is; a part of it is named here. */
export type Policy = {
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

/** All record sets of one name that are not one simple set: each asker sees some of them, by a routing policy. */
export type Routed = { readonly name: string; readonly routed: readonly RoutedSet[] };

/** So many records of the policy multivalue every asker sees (AWS: Multivalue answer routing). */
const mostShown = 8;
/** Short, as `ttlSeconds` in challenge.ts. */
const ttlSeconds = 10;

/**
 * What to change so that every asker sees further values. A simple set cannot stand beside these (AWS: Choosing a routing
 * policy), so each of them takes the values, as does one of our own for askers that none of them answers.
 *
 * @throws where they cannot be changed, in words that name what to delete
 */
export function addingToRouted({ name, routed }: Routed, values: readonly string[]): readonly Change[] {
  const fixed = routed.find(({ policy }) => policy.AliasTarget ?? policy.TrafficPolicyInstanceId);
  if (fixed) throw cannotChange(name, fixed);
  const isMulti = routed.every(({ policy }) => policy.MultiValueAnswer);
  if (isMulti && routed.length + values.length <= mostShown) return beside({ name, routed }, values);
  const policy = gapFiller(routed.map((set) => set.policy));
  return [
    ...routed.flatMap((set) => replacing(set, [...new Set([...set.values, ...values])])),
    ...(policy ? [{ action: 'CREATE', set: { name, ttlSeconds, values, policy } } as const] : []),
  ];
}

/** What to change so that exactly these values are gone; a set that had no others was ours. */
export const removingFromRouted = ({ routed }: Routed, values: readonly string[]): readonly Change[] =>
  routed.flatMap((set) =>
    replacing(
      set,
      set.values.filter((value) => !values.includes(value)),
    ),
  );

/** What is said of them once, where they are no obstacle. */
export const routedWords = ({ name, routed }: Routed): string =>
  `${name} has TXT records with a routing policy (${routed.map(identified).join(', ')}), which another tool may have left; ` +
  'the challenge stands in each of them until it is over. Delete them if nobody needs them';

const beside = ({ name, routed }: Routed, values: readonly string[]): readonly Change[] =>
  values
    .filter((value) => !routed.some((set) => set.values.includes(value)))
    .map((value) => {
      const policy = { SetIdentifier: `sluice ${value.replaceAll('"', '')}`, MultiValueAnswer: true };
      return { action: 'CREATE', set: { name, ttlSeconds, values: [value], policy } };
    });

function replacing(set: RoutedSet, values: readonly string[]): readonly Change[] {
  if (values.length === set.values.length) return [];
  const removed = { action: 'DELETE', set } as const;
  return values.length === 0 ? [removed] : [removed, { action: 'CREATE', set: { ...set, values } }];
}

/** Who is in no listed place gets no answer, unless there is one for everywhere else (AWS: Geolocation and IP-based routing). */
function gapFiller(policies: readonly Policy[]): Policy | undefined {
  const [{ GeoLocation, CidrRoutingConfig } = {}] = policies;
  const SetIdentifier = 'sluice';
  if (GeoLocation && !policies.some((each) => each.GeoLocation?.CountryCode === '*'))
    return { SetIdentifier, GeoLocation: { CountryCode: '*' } };
  if (CidrRoutingConfig && !policies.some((each) => each.CidrRoutingConfig?.LocationName === '*'))
    return { SetIdentifier, CidrRoutingConfig: { ...CidrRoutingConfig, LocationName: '*' } };
  return undefined;
}

const identified = ({ policy: { SetIdentifier } }: RoutedSet): string => SetIdentifier ?? 'without a set identifier';

function cannotChange(name: string, { policy }: RoutedSet): Error {
  const which = policy.SetIdentifier ? ` with set identifier "${policy.SetIdentifier}"` : '';
  const why = policy.AliasTarget ? `is an alias of ${policy.AliasTarget.DNSName}` : 'belongs to a traffic policy';
  return new Error(`the TXT record${which} of ${name} ${why}, so that no challenge fits beside it; delete that record`);
}
