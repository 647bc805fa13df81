import { AwsError } from './errors';

export type Record53 = {
  readonly Name: string;
  readonly Type: string;
  readonly TTL: number;
  readonly Values: readonly string[];
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

/** What a zone shows for a name: its own records, or those of the wildcard just below its closest encloser (RFC 4592, section 3.3). */
export function answers(name: string, records: readonly Record53[]): readonly Record53[] {
  const at = (owner: string) => records.filter((record) => key(record).startsWith(`${owner} `));
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
  const before = records.find((each) => key(each) === key(set));
  const others = records.filter((each) => each !== before);
  if (action === 'CREATE' && before) refuse('it already exists');
  if (action === 'DELETE' && !before) refuse('it was not found');
  const isSame = (a: Record53, b: Record53) =>
    a.TTL === b.TTL && [...a.Values].sort().join() === [...b.Values].sort().join();
  if (action === 'DELETE' && before && !isSame(before, set))
    refuse('the values provided do not match the current values');
  return action === 'DELETE' ? others : [...others, set];
}
