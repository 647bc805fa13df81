import { randomBytes } from 'node:crypto';

import { refuse } from '../api/errors';
import { answers, apply, type HostedZone, key, type Record53 } from './record-sets';

type Change = { Action: string; ResourceRecordSet: Record53 };
type Page = { Id: string; name?: string; type?: string; identifier?: string; maxitems?: string };
type Zone = HostedZone & { now: readonly Record53[]; shown: readonly Record53[] };
type State = {
  readonly inSyncMs: number;
  readonly zones: Zone[];
  readonly changes: Map<string, { readonly at: number; readonly show: () => void; isShown: boolean }>;
  isStuck: boolean;
  askers: number;
};

/**
 * Route 53: the handlers for its API, and what its name servers show, which lags behind.
 * Played: record sets with and without a routing policy, batches that happen as a whole or not, GetChange. Aliases lead nowhere.
 */
export function playRoute53(inSyncMs: number) {
  const state: State = { inSyncMs, zones: [], changes: new Map(), isStuck: false, askers: 0 };
  return {
    /** Adds a zone with its records, as somebody would by hand. */
    addZone: (name: string, more: Parameters<typeof addZone>[2] = {}): HostedZone => addZone(state, name, more),
    /** Puts a record by somebody else's hand, at once everywhere. */
    put: (id: string, record: Record53): void => {
      const held = zone(state, id);
      const isOther = (each: Record53) => key(each) !== key(record) || each.SetIdentifier !== record.SetIdentifier;
      held.now = [...held.now.filter(isOther), record];
      held.shown = held.now;
    },
    records: (id: string): readonly Record53[] => zone(state, id).now,
    shows: (name: string) => shows(state, name),
    /** While it is stuck, no change comes in sync. */
    stick: (now: boolean): void => void Object.assign(state, { isStuck: now }),
    handlers: {
      'route53:GetHostedZone': ({ Id }: { Id: string }) => getHostedZone(zone(state, Id)),
      'route53:ListResourceRecordSets': (page: Page) => listRecordSets(zone(state, page.Id), page),
      'route53:ChangeResourceRecordSets': ({ Id, Changes }: { Id: string; Changes: Change[] }) => ({
        ChangeInfo: changeInfo(state, change(state, Id, Changes)),
      }),
      'route53:GetChange': ({ Id }: { Id: string }) => {
        settle(state);
        return { ChangeInfo: changeInfo(state, Id) };
      },
    },
  };
}

export type Route53 = ReturnType<typeof playRoute53>;

function addZone(
  { zones }: State,
  name: string,
  { id = newId(), isPrivate = false, records = [] as readonly Record53[] },
): HostedZone {
  const nameServers = isPrivate ? [] : [1, 2].map((server) => `ns-${server}.${id.toLowerCase()}.awsdns.test`);
  const held = { id, name, isPrivate, nameServers, now: records, shown: records };
  zones.push(held);
  return held;
}

const zone = ({ zones }: State, id: string): Zone =>
  zones.find((each) => each.id === id) ?? refuse('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, 404);

/** What public name servers answer now; `undefined` for a name in none of the zones. */
function shows(state: State, name: string): readonly Record53[] | undefined {
  settle(state);
  const fitting = state.zones.filter((each) => !each.isPrivate && `.${name}`.endsWith(`.${each.name}`));
  const [longest] = fitting.sort((a, b) => b.name.length - a.name.length);
  return longest && answers(name, longest.shown, state.askers++);
}

/** The name servers learn a change when it is in sync. */
function settle({ changes, isStuck, inSyncMs }: State): void {
  for (const change of changes.values()) {
    if (isStuck || change.isShown || Date.now() - change.at < inSyncMs) continue;
    change.isShown = true;
    change.show();
  }
}

function change(state: State, id: string, batch: readonly Change[]): string {
  const held = zone(state, id);
  if (held.isPrivate) refuse('InvalidInput', 'the local world changes public zones only');
  let next = held.now;
  for (const { Action, ResourceRecordSet: set } of batch) next = apply(next, Action, set, held);
  held.now = next;
  const changeId = newId('C');
  const show = () => {
    held.shown = next;
  };
  state.changes.set(changeId, { at: Date.now(), show, isShown: false });
  return changeId;
}

function changeInfo({ changes }: State, id: string) {
  const { at, isShown } = changes.get(id) ?? refuse('NoSuchChange', `No change found with ID: ${id}`, 404);
  return { Id: `/change/${id}`, Status: isShown ? 'INSYNC' : 'PENDING', SubmittedAt: new Date(at).toISOString() };
}

function getHostedZone({ id, name, isPrivate, nameServers }: Zone) {
  const Config = { PrivateZone: isPrivate };
  const HostedZone = { Id: `/hostedzone/${id}`, Name: `${name}.`, CallerReference: id, Config };
  return { HostedZone, ...(!isPrivate && { DelegationSet: { NameServers: nameServers } }) };
}

/** Sorted by name and type; begins at the given one, or where it would stand (AWS: ListResourceRecordSets). */
function listRecordSets({ now }: Zone, { name = '', type = '', identifier = '', maxitems = '300' }: Page) {
  const from = `${key({ Name: name, Type: type })} ${identifier}`;
  const order = (each: Record53) => `${key(each)} ${each.SetIdentifier ?? ''}`;
  const rest = [...now].sort((a, b) => (order(a) < order(b) ? -1 : 1)).filter((each) => order(each) >= from);
  const [next] = rest.slice(Number(maxitems));
  const ResourceRecordSets = rest.slice(0, Number(maxitems)).map(({ Name, TTL, Values, ...set }) => ({
    Name: `${Name.replace(/\.$/, '')}.`,
    ...set,
    ...(!set.AliasTarget && { TTL, ResourceRecords: Values.map((Value) => ({ Value })) }),
  }));
  const NextRecord = next && {
    NextRecordName: next.Name,
    NextRecordType: next.Type,
    ...(next.SetIdentifier && { NextRecordIdentifier: next.SetIdentifier }),
  };
  return { ResourceRecordSets, IsTruncated: next !== undefined, MaxItems: maxitems, ...NextRecord };
}

const newId = (letter = 'Z'): string => `${letter}${randomBytes(8).toString('hex').toUpperCase()}`;
