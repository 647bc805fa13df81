import type { Table } from '../../measure/outcome';
import { former, minimal, ours, partKept, without, withRoutes } from './entrants';
import { first, handshakes } from './load';
import type { Compared } from './report';

/** Why a goal is missed, from the figures of the same run; of a goal that is met, nothing. */
export function reasonsTable(compared: readonly Compared[]): readonly Table[] {
  const missed = compared.filter(({ goal, ratio }) => goal !== undefined && ratio !== undefined && ratio.median > goal);
  if (missed.length === 0) return [];
  return [
    {
      title: 'Why goals are missed',
      head: ['CPU a request', 'goal', 'why'],
      rows: missed.map((pair) => [pair.protocol, `${pair.first} / ${pair.second}`, reason(pair, compared)]),
    },
  ];
}

function reason({ protocol, first: above, second }: Compared, compared: readonly Compared[]): string {
  const ratio = (of: string, to: string, by = protocol) =>
    compared.find((each) => each.protocol === by && each.first === of && each.second === to)?.ratio?.median;
  if (above !== ours) return 'Choosing among so many routes costs more than the goal allows.';
  if (second === minimal) {
    const lacking = ratio(without(partKept), minimal, first.name);
    const kept =
      lacking === undefined ? '' : ` Without keeping a GET the ratio over ${first.name} is ${lacking.toFixed(2)}.`;
    return `The table below names what is done besides.${kept} But a GET that is not kept is lost with its task, and HAProxy copies a whole buffer for it, however short it is.`;
  }
  if (second === former) {
    const routes = ratio(withRoutes(ours, 1_000), ours);
    return `Its one host stands in a rule. Sluice looks hosts and paths up in a map, over HTTP also whether a certificate covers the host${routes === undefined ? '' : `, so 1,000 routes cost ${routes.toFixed(2)} times as much as one`}. A label that is not used adds no line.`;
  }
  const least = ratio(minimal, second);
  const bound =
    least === undefined
      ? ''
      : `${minimal}, the least that HAProxy does, costs ${least.toFixed(2)} times as much as ${second}. `;
  return protocol === handshakes.name
    ? bound + ownConnection(second)
    : `${bound}What Sluice does besides comes on top.`;
}

/** HAProxy: configuration manual, "http-reuse". */
const ownConnection = (peer: string): string =>
  `HAProxy opens a connection to the task for the first request of each client, and ${peer} takes one that it kept. Sluice leaves it so: a new connection shows within a second that a task's instance is gone, and on a kept one the request would wait for its answer.`;
