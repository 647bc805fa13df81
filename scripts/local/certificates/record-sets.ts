import { AwsError } from '../api/errors';

type Places = Readonly<Record<string, string>>;
export type Record53 = {
  readonly Name: string;
  readonly Type: string;
  readonly TTL: number;
  readonly Values: readonly string[];
  /** With one of the policies that follow, by which record sets share a name and a type (AWS: Choosing a routing policy). */
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

/** By which a zone tells its record sets apart. */
export const key = ({ Name, Type }: Pick<Record53, 'Name' | 'Type'>): string =>
  `${Name.replace(/\.$/, '').toLowerCase()} ${Type}`;

const policies = [
  ...['Weight', 'Region', 'Failover', 'MultiValueAnswer'],
  ...['GeoLocation', 'GeoProximityLocation', 'CidrRoutingConfig'],
] as const;
const policyOf = (set: Record53): string | undefined => policies.find((policy) => policy in set);

/**
 * What one asker sees of record sets that share a name and a type: up to eight of multivalue ones, else one of them. Each asker
 * stands somewhere else than the one before, at last where no place of theirs is (AWS: Geolocation and IP-based routing).
 *
 * @param asker counts
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

/** What a zone shows for a name: its own records, or those of the wildcard just below its closest encloser (RFC 4592, section 3.3). */
export function answers(name: string, records: readonly Record53[], asker = 0): readonly Record53[] {
  const at = (owner: string) => {
    const own = records.filter((record) => key(record).startsWith(`${owner} `));
    const types = [...new Set(own.map(({ Type }) => Type))];
    return types.flatMap((type) =>
      seen(
        own.filter(({ Type }) => Type === type),
        asker,
      ),
    );
  };
  const exists = (owner: string) =>
    records.some((record) => `.${key(record).replace(/ .*/, '')}`.endsWith(`.${owner}`));
  let encloser = name;
  while (encloser.includes('.') && !exists(encloser)) encloser = encloser.replace(/^[^.]+\./, '');
  return encloser === name ? at(name) : at(`*.${encloser}`);
}

/** One change of a batch, in the words of AWS's own refusals (AWS: ChangeResourceRecordSets, InvalidChangeBatch). */
export function apply(
  records: readonly Record53[],
  action: string,
  set: Record53,
  zone: HostedZone,
): readonly Record53[] {
  const refuse = (why: string): never => {
    const what = action === 'DELETE' ? 'delete' : 'create';
    throw new AwsError(
      'InvalidChangeBatch',
      `[Tried to ${what} resource record set [name='${set.Name}', type='${set.Type}'] but ${why}]`,
    );
  };
  if (!`.${set.Name.replace(/\.$/, '')}`.endsWith(`.${zone.name}`)) refuse(`it is not permitted in zone ${zone.name}.`);
  const isNamed = (each: Record53) => key(each).replace(/ .*/, '') === key(set).replace(/ .*/, '');
  if (action === 'CREATE' && set.Type !== 'CNAME' && records.some((each) => isNamed(each) && each.Type === 'CNAME')) {
    const conflict =
      'is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone';
    throw new AwsError(
      'InvalidChangeBatch',
      `[RRSet of type ${set.Type} with DNS name ${set.Name}. ${conflict} ${zone.name}.]`,
    );
  }
  const twins = records.filter((each) => key(each) === key(set));
  const before = twins.find((each) => each.SetIdentifier === set.SetIdentifier);
  const otherKind = twins.find((each) => policyOf(each) !== policyOf(set));
  if (action === 'CREATE' && otherKind) refuseKind(set);
  const others = records.filter((each) => each !== before);
  if (action === 'CREATE' && before) refuse('it already exists');
  if (action === 'DELETE' && !before) refuse('it was not found');
  const text = (each: Record53) =>
    JSON.stringify(Object.entries({ ...each, Name: '', Values: [...each.Values].sort() }).sort());
  const isSame = (a: Record53, b: Record53) => text(a) === text(b);
  if (action === 'DELETE' && before && !isSame(before, set))
    refuse('the values provided do not match the current values');
  return action === 'DELETE' ? others : [...others, set];
}

/** As in public reports: kubernetes-sigs/external-dns issues 3141 and 4058, cert-manager issue 5388. */
function refuseKind(set: Record53): never {
  const policy = policyOf(set);
  const kind =
    policy === 'MultiValueAnswer'
      ? 'because a non multivalue answer rrset exists'
      : policy === undefined
        ? 'as other RRSets exist'
        : `as a non-${policy.toLowerCase()} set exists`;
  const which = set.SetIdentifier === undefined ? '' : `, SetIdentifier ${set.SetIdentifier}`;
  const words = `RRSet with DNS name ${set.Name}., type ${set.Type}${which} cannot be created ${kind}`;
  throw new AwsError('InvalidChangeBatch', `[${words} with the same name and type.]`);
}
