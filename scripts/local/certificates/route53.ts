import { randomBytes } from 'node:crypto';

import { refuse } from '../api/errors';
import { answers, apply, type HostedZone, key, type Record53 } from './record-sets';

type Change = { Action: string; ResourceRecordSet: Record53 };
type Page = { Id: string; name?: string; type?: string; identifier?: string; maxitems?: string };
type Zone = HostedZone & { now: readonly Record53[]; shown: readonly Record53[] };
type Pending = { readonly at: number; readonly show: () => void; isShown: boolean };
type State = { readonly inSyncMs: number; readonly zones: Zone[]; readonly changes: Map<string, Pending> };

/**
 * Route 53: the handlers for its API, and what its name servers show, which lags behind.
 * Played: record sets with and without a routing policy, batches that happen as a whole or not, GetChange. Aliases lead nowhere.
 */
export function playRoute53(inSyncMs: number) {
  const state: State = { inSyncMs, zones: [], changes: new Map() };
  const named = (id: string): Zone =>
    state.zones.find((each) => each.id === id) ??
    refuse('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, 404);
  let isStuck = false;
  let askers = 0;
  const settle = () => isStuck || showChanges(state);
  return {
    addZone: (name: string, more: Parameters<typeof newZone>[1] = {}): HostedZone => {
      const zone = newZone(name, more);
      state.zones.push(zone);
      return zone;
    },
    /** Puts a record as another writer would. The name servers show it at once. */
    put: (id: string, record: Record53): void => {
      const zone = named(id);
      const isOther = (each: Record53) => key(each) !== key(record) || each.SetIdentifier !== record.SetIdentifier;
      zone.now = [...zone.now.filter(isOther), record];
      zone.shown = zone.now;
    },
    records: (id: string): readonly Record53[] => named(id).now,
    /** Returns what public name servers answer now; `undefined` for a name in none of the zones. */
    shows: (name: string): readonly Record53[] | undefined => {
      settle();
      const fitting = state.zones.filter((each) => !each.isPrivate && `.${name}`.endsWith(`.${each.name}`));
      const [longest] = fitting.sort((a, b) => b.name.length - a.name.length);
      return longest && answers(name, longest.shown, askers++);
    },
    /** While it is stuck, no change comes in sync. */
    stick: (now: boolean): void => {
      isStuck = now;
    },
    handlers: handlersOf(state, named, settle),
  };
}

export type Route53 = ReturnType<typeof playRoute53>;

const handlersOf = (state: State, named: (id: string) => Zone, settle: () => void) => ({
  'route53:GetHostedZone': ({ Id }: { Id: string }) => getHostedZone(named(Id)),
  'route53:ListResourceRecordSets': (page: Page) => listRecordSets(named(page.Id), page),
  'route53:ChangeResourceRecordSets': ({ Id, Changes }: { Id: string; Changes: readonly Change[] }) => ({
    ChangeInfo: changeInfo(state, change(state, named(Id), Changes)),
  }),
  'route53:GetChange': ({ Id }: { Id: string }) => {
    settle();
    return { ChangeInfo: changeInfo(state, Id) };
  },
});

function newZone(name: string, { id = newId(), isPrivate = false, records = [] as readonly Record53[] }): Zone {
  const nameServers = isPrivate ? [] : [1, 2].map((server) => `ns-${server}.${id.toLowerCase()}.awsdns.test`);
  return { id, name, isPrivate, nameServers, now: records, shown: records };
}

/** The name servers learn a change when it is in sync. */
function showChanges({ changes, inSyncMs }: State): void {
  for (const change of changes.values()) {
    if (change.isShown || Date.now() - change.at < inSyncMs) continue;
    change.isShown = true;
    change.show();
  }
}

function change({ changes }: State, zone: Zone, batch: readonly Change[]): string {
  if (zone.isPrivate) refuse('InvalidInput', 'the local world changes public zones only');
  zone.now = batch.reduce((now, { Action, ResourceRecordSet: set }) => apply(now, Action, set, zone), zone.now);
  const shown = zone.now;
  const changeId = newId('C');
  changes.set(changeId, { at: Date.now(), show: () => Object.assign(zone, { shown }), isShown: false });
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
