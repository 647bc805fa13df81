import { randomBytes } from 'node:crypto';

import { AwsError } from '../api/errors';
import { answers, apply, type HostedZone, key, type Record53 } from './record-sets';

type Change = { Action: string; ResourceRecordSet: Record53 };
type Page = { Id: string; name?: string; type?: string; identifier?: string; maxitems?: string };
type Held = HostedZone & { now: readonly Record53[]; shown: readonly Record53[] };

/**
 * Route 53: the handlers for its API, and what its name servers show, which lags behind.
 * Played: record sets with and without a routing policy, batches that happen as a whole or not, GetChange. Aliases lead nowhere.
 */
export function playRoute53(inSyncMs: number) {
  const zones: Held[] = [];
  const changes = new Map<string, { at: number; show: () => void; shown: boolean }>();
  let stuck = false;
  let askers = 0;

  const zone = (id: string): Held => {
    const found = zones.find((each) => each.id === id);
    if (!found) throw new AwsError('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, 404);
    return found;
  };
  /** The name servers learn a change when it is in sync. */
  const settle = (): void => {
    for (const change of changes.values()) {
      if (stuck || change.shown || Date.now() - change.at < inSyncMs) continue;
      change.shown = true;
      change.show();
    }
  };

  function change(id: string, batch: readonly Change[]): string {
    const held = zone(id);
    if (held.isPrivate) throw new AwsError('InvalidInput', 'the local world changes public zones only');
    let next = held.now;
    for (const { Action, ResourceRecordSet: set } of batch) next = apply(next, Action, set, held);
    held.now = next;
    const changeId = newId('C');
    const show = () => {
      held.shown = next;
    };
    changes.set(changeId, { at: Date.now(), show, shown: false });
    return changeId;
  }

  return {
    /** Puts a zone there, with its records, as somebody would by hand. */
    addZone: (
      name: string,
      { id = newId(), isPrivate = false, records = [] as readonly Record53[] } = {},
    ): HostedZone => {
      const nameServers = isPrivate ? [] : [1, 2].map((server) => `ns-${server}.${id.toLowerCase()}.awsdns.test`);
      const held = { id, name, isPrivate, nameServers, now: records, shown: records };
      zones.push(held);
      return held;
    },
    /** Somebody else's hand, at once everywhere. */
    put: (id: string, record: Record53): void => {
      const held = zone(id);
      const isOther = (each: Record53) => key(each) !== key(record) || each.SetIdentifier !== record.SetIdentifier;
      held.now = [...held.now.filter(isOther), record];
      held.shown = held.now;
    },
    records: (id: string): readonly Record53[] => zone(id).now,
    /** What public name servers answer now; `undefined` for a name in none of the zones. */
    shows: (name: string): readonly Record53[] | undefined => {
      settle();
      const fitting = zones.filter((each) => !each.isPrivate && `.${name}`.endsWith(`.${each.name}`));
      const [longest] = fitting.sort((a, b) => b.name.length - a.name.length);
      return longest && answers(name, longest.shown, askers++);
    },
    /** While it is stuck, no change comes in sync. */
    stick: (now: boolean): void => {
      stuck = now;
    },

    handlers: {
      'route53:GetHostedZone': ({ Id }: { Id: string }) => {
        const { id, name, isPrivate, nameServers } = zone(Id);
        const HostedZone = {
          Id: `/hostedzone/${id}`,
          Name: `${name}.`,
          CallerReference: id,
          Config: { PrivateZone: isPrivate },
        };
        return { HostedZone, ...(!isPrivate && { DelegationSet: { NameServers: nameServers } }) };
      },
      // Sorted by name and type; begins at the given one, or where it would stand (AWS: ListResourceRecordSets).
      'route53:ListResourceRecordSets': ({ Id, name, type, identifier, maxitems = '300' }: Page) => {
        const [from, place] = [key({ Name: name ?? '', Type: type ?? '' }), identifier ?? ''];
        const order = (each: Record53) => `${key(each)} ${each.SetIdentifier ?? ''}`;
        const rest = [...zone(Id).now]
          .sort((a, b) => (order(a) < order(b) ? -1 : 1))
          .filter((each) => order(each) >= `${from} ${place}`);
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
      },
      'route53:ChangeResourceRecordSets': ({ Id, Changes }: { Id: string; Changes: Change[] }) => ({
        ChangeInfo: { Id: `/change/${change(Id, Changes)}`, Status: 'PENDING', SubmittedAt: new Date().toISOString() },
      }),
      'route53:GetChange': ({ Id }: { Id: string }) => {
        settle();
        const found = changes.get(Id);
        if (!found) throw new AwsError('NoSuchChange', `No change found with ID: ${Id}`, 404);
        const SubmittedAt = new Date(found.at).toISOString();
        return { ChangeInfo: { Id: `/change/${Id}`, Status: found.shown ? 'INSYNC' : 'PENDING', SubmittedAt } };
      },
    },
  };
}

const newId = (letter = 'Z'): string => `${letter}${randomBytes(8).toString('hex').toUpperCase()}`;

export type Route53 = ReturnType<typeof playRoute53>;
