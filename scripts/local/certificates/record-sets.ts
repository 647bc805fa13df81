import { refuse } from '../api/errors';

type Places = Readonly<Record<string, string>>;
export type Record53 = {
  readonly Name: string;
  readonly Type: string;
  readonly TTL: number;
  readonly Values: readonly string[];
  /** Record sets with one of the policies that follow share a name and a type (AWS: Choosing a routing policy). */
  readonly SetIdentifier?: string;
  readonly Weight?: string;
  readonly Region?: string;
  readonly Failover?: string;
  readonly MultiValueAnswer?: string;
  readonly GeoLocation?: Places;
  readonly GeoProximityLocation?: Places;
  readonly CidrRoutingConfig?: Places;
  readonly HealthCheckId?: string;
  readonly AliasTarget?: Places;
  readonly TrafficPolicyInstanceId?: string;
};
export type HostedZone = {
  readonly id: string;
  readonly name: string;
  readonly isPrivate: boolean;
  readonly nameServers: readonly string[];
};

const nameOf = ({ Name }: Pick<Record53, 'Name'>): string => Name.replace(/\.$/, '').toLowerCase();

/** Record sets with the same key differ only by their set identifiers. */
export const key = (set: Pick<Record53, 'Name' | 'Type'>): string => `${nameOf(set)} ${set.Type}`;

const policies = [
  ...['Weight', 'Region', 'Failover', 'MultiValueAnswer'],
  ...['GeoLocation', 'GeoProximityLocation', 'CidrRoutingConfig'],
] as const;
const policyOf = (set: Record53): string | undefined => policies.find((policy) => policy in set);

/**
 * Selects what one asker sees of record sets that share a name and a type: up to eight of multivalue ones, else one of them. Each asker
 * stands somewhere else than the one before, at last where no place of theirs is (AWS: Geolocation and IP-based routing).
 */
function seen(sets: readonly Record53[], asker: number): readonly Record53[] {
  const [first] = sets;
  const at = (count: number) => sets[(asker + count) % sets.length] ?? sets[0];
  if (first?.SetIdentifier === undefined) return sets;
  if ('MultiValueAnswer' in first) return sets.slice(0, 8).flatMap((_, count) => at(count) ?? []);
  const isEverywhere = ({ GeoLocation, CidrRoutingConfig }: Record53) =>
    GeoLocation?.CountryCode === '*' || CidrRoutingConfig?.LocationName === '*';
  const hasGap = ('GeoLocation' in first || 'CidrRoutingConfig' in first) && !sets.some(isEverywhere);
  return hasGap && asker % (sets.length + 1) === sets.length ? [] : [at(0) ?? first];
}

/** Selects what a zone shows for a name: its own records, or those of the wildcard just below its closest encloser (RFC 4592, section 3.3). */
export function answers(name: string, records: readonly Record53[], asker = 0): readonly Record53[] {
  const exists = (owner: string) => records.some((record) => `.${nameOf(record)}`.endsWith(`.${owner}`));
  let encloser = name;
  while (encloser.includes('.') && !exists(encloser)) encloser = encloser.replace(/^[^.]+\./, '');
  const owner = encloser === name ? name : `*.${encloser}`;
  const own = records.filter((record) => nameOf(record) === owner);
  const types = [...new Set(own.map(({ Type }) => Type))];
  const ofType = (type: string) => own.filter(({ Type }) => Type === type);
  return types.flatMap((type) => seen(ofType(type), asker));
}

/** Applies one change of a batch. @throws AwsError */
export function apply(
  records: readonly Record53[],
  action: string,
  set: Record53,
  zone: HostedZone,
): readonly Record53[] {
  const words = refusal(records, action, set, zone);
  if (words) refuse('InvalidChangeBatch', `[${words}]`);
  const others = records.filter((each) => key(each) !== key(set) || each.SetIdentifier !== set.SetIdentifier);
  return action === 'DELETE' ? others : [...others, set];
}

/** Words a refusal as AWS does (AWS: ChangeResourceRecordSets, InvalidChangeBatch). */
function refusal(records: readonly Record53[], action: string, set: Record53, zone: HostedZone): string | undefined {
  const tried = `Tried to ${action === 'DELETE' ? 'delete' : 'create'} resource record set`;
  const but = (why: string) => `${tried} [name='${set.Name}', type='${set.Type}'] but ${why}`;
  if (!`.${nameOf(set)}`.endsWith(`.${zone.name}`)) return but(`it is not permitted in zone ${zone.name}.`);
  const twins = records.filter((each) => key(each) === key(set));
  const before = twins.find((each) => each.SetIdentifier === set.SetIdentifier);
  if (action === 'DELETE' && !before) return but('it was not found');
  if (action === 'DELETE' && before && text(before) !== text(set))
    return but('the values provided do not match the current values');
  if (action !== 'CREATE') return undefined;
  if (set.Type !== 'CNAME' && records.some((each) => nameOf(each) === nameOf(set) && each.Type === 'CNAME')) {
    const conflict = `a conflicting RRSet of type CNAME with the same DNS name already exists in zone ${zone.name}.`;
    return `RRSet of type ${set.Type} with DNS name ${set.Name}. is not permitted because ${conflict}`;
  }
  if (twins.some((each) => policyOf(each) !== policyOf(set))) return ofAnotherKind(set);
  return before && but('it already exists');
}

const text = (set: Record53): string =>
  JSON.stringify(Object.entries({ ...set, Name: '', Values: [...set.Values].sort() }).sort());

/** Worded as in public reports: kubernetes-sigs/external-dns issues 3141 and 4058, cert-manager issue 5388. */
function ofAnotherKind(set: Record53): string {
  const policy = policyOf(set);
  let kind = policy === undefined ? 'as other RRSets exist' : `as a non-${policy.toLowerCase()} set exists`;
  if (policy === 'MultiValueAnswer') kind = 'because a non multivalue answer rrset exists';
  const which = set.SetIdentifier === undefined ? '' : `, SetIdentifier ${set.SetIdentifier}`;
  const rrset = `RRSet with DNS name ${set.Name}., type ${set.Type}${which}`;
  return `${rrset} cannot be created ${kind} with the same name and type.`;
}
