import {
  GetCommandInvocationCommand,
  paginateListDocuments,
  SendCommandCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { Down, Foreign } from '../../../lib/sync/faulty-tasks';
import type { Stage } from '../stage';
import { Stop } from '../verb';
import { type Check, fine, wrong } from './check';
import type { Clients } from './clients';
import { isOnline, type SeenProxy } from './proxies';

/** The sync's line of JSON, and the status of Run Command. */
export type Ran = {
  readonly status: string;
  readonly report?: {
    readonly generation?: number;
    readonly changed?: string;
    readonly how?: string;
    readonly failed?: string;
    readonly down?: Down;
    readonly foreign?: Foreign;
  };
};

/** A push takes seconds; a sync that waits for another one, forty. A look each half second, later each two seconds. */
const pausesMs = [...Array<number>(20).fill(500), ...Array<number>(33).fill(2_000)];
const patienceSeconds = Math.ceil(pausesMs.reduce((sum, ms) => sum + ms, 0) / 1000);

export type Waits = {
  readonly pause: (ms: number) => Promise<void>;
  /** What a person reads meanwhile. */
  readonly progress: (text: string) => void;
};

/** Runs the sync on every reachable proxy, as a nudge does, and returns the reports. */
export async function runSyncs(
  { ssm }: Clients,
  stage: Stage,
  proxies: readonly SeenProxy[],
  { pause, progress }: Waits,
): Promise<ReadonlyMap<string, Ran>> {
  const ids = proxies.filter(isOnline).map(({ instance }) => instance);
  if (ids.length === 0) return new Map();
  const on = ids.length === 1 ? '1 proxy' : `${ids.length} proxies`;
  progress(`Running the sync on ${on}, up to ${patienceSeconds} s …`);
  const sent = await ssm.send(
    new SendCommandCommand({
      DocumentName: await newestDocument(ssm, stage),
      InstanceIds: ids,
      Comment: 'status',
      TimeoutSeconds: 60,
    }),
  );
  const command = sent.Command?.CommandId ?? '';
  return new Map(await Promise.all(ids.map(async (id) => [id, await waitFor(ssm, command, id, pause)] as const)));
}

/** Its name has the hash of its content, which this checkout need not have. */
async function newestDocument(client: SSMClient, { stage, documents }: Stage): Promise<string> {
  const Filters = [
    { Key: 'Owner', Values: ['Self'] },
    { Key: 'Name', Values: [`sluice-${stage}-sync`] },
  ];
  const found: { readonly name: string; readonly made: number }[] = [];
  for await (const { DocumentIdentifiers = [] } of paginateListDocuments({ client }, { Filters }))
    for (const { Name = '', CreatedDate } of DocumentIdentifiers)
      if (documents.test(Name)) found.push({ name: Name, made: CreatedDate?.getTime() ?? 0 });
  const [newest] = found.sort((a, b) => b.made - a.made);
  if (newest) return newest.name;
  throw new Stop(`stage ${stage} has no SSM document that carries the sync: deploy it`);
}

async function waitFor(ssm: SSMClient, CommandId: string, InstanceId: string, pause: Waits['pause']): Promise<Ran> {
  let status = 'Pending';
  for (const ms of pausesMs) {
    const asked = ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
    // Run Command knows an invocation only a moment after it was sent.
    const { Status = status, StandardOutputContent = '' } = await asked.catch((error: Error) => {
      if (error.name === 'InvocationDoesNotExist') return { Status: 'Pending', StandardOutputContent: '' };
      throw error;
    });
    status = Status;
    if (!/^(Pending|InProgress|Delayed)$/.test(status)) return { status, ...lastReport(StandardOutputContent) };
    await pause(ms);
  }
  return { status };
}

function lastReport(output: string): Pick<Ran, 'report'> {
  const line = output.trim().split('\n').at(-1) ?? '';
  try {
    return { report: JSON.parse(line) as NonNullable<Ran['report']> };
  } catch {
    return {};
  }
}

/** The generation that runs on each proxy, where that is known which is published. */
export const syncChecks = (
  proxies: readonly SeenProxy[],
  ran: ReadonlyMap<string, Ran>,
  published: number | undefined,
  stage: Stage,
): readonly Check[] =>
  proxies
    .filter(isOnline)
    .map(({ slot, instance }) => synced(`sync ${slot}`, session(stage, instance), ran.get(instance), published));

const session = ({ aws }: Stage, id: string) =>
  `${aws(`ssm start-session --target ${id}`)}, then \`sudo journalctl -u haproxy\``;

function synced(what: string, session: string, ran: Ran | undefined, published = 0): Check {
  const { status = 'not sent', report } = ran ?? {};
  if (report?.failed) return wrong(what, report.failed, 'correct what it names; every tick tries again');
  if (status !== 'Success' || report?.generation === undefined)
    return wrong(what, report?.how ?? `Run Command is ${status}`, `wait five minutes if it boots; else ${session}`);
  const { generation, changed } = report;
  if (changed === 'prepared') return wrong(what, 'HAProxy is not running', session);
  if (generation < published)
    return wrong(what, `runs generation ${generation}, not ${published}`, 'wait for the next tick');
  return fine(what, `runs generation ${generation}${changed === 'nothing' ? '' : ', since this moment'}`);
}

/** Task ports reachable from each proxy. */
export const taskChecks = (proxies: readonly SeenProxy[], ran: ReadonlyMap<string, Ran>): readonly Check[] =>
  proxies.filter(isOnline).flatMap(({ slot, instance }) => {
    const { report } = ran.get(instance) ?? {};
    if (report?.generation === undefined || report.failed) return [];
    const what = `tasks ${slot}`;
    if (report.changed === 'prepared' || report.how === 'nothing was ever published')
      return [wrong(what, 'they were not checked', `first correct the faults of "sync ${slot}" and "published"`)];
    return [downCheck(what, report.down), ...foreignCheck(`protocol ${slot}`, report.foreign)];
  });

function downCheck(what: string, down: Down | undefined): Check {
  if (!down) return fine(what, 'every task that should serve passes its check');
  const next = [...new Set(down.servers.map(({ check }) => meaning(check)))].join('; ');
  const some = named(
    down.count,
    down.servers.map((server) => ({ ...server, why: server.check })),
  );
  return wrong(what, `${down.count} get no requests: ${some}`, next);
}

/** Tasks that pass their checks but cannot serve requests. */
function foreignCheck(what: string, foreign: Foreign | undefined): readonly Check[] {
  if (!foreign) return [];
  const { count, servers, advice } = foreign;
  const some = named(
    count,
    servers.map((server) => ({ ...server, why: `speaks ${server.speaks}` })),
  );
  return [wrong(what, `HAProxy cannot speak to ${count}: ${some}`, advice)];
}

type Named = { readonly backend: string; readonly name: string; readonly at: string; readonly why: string };

function named(count: number, servers: readonly Named[]): string {
  const some = servers.map(({ backend, name, at, why }) => `${backend}/${name.slice(0, 8)} at ${at} (${why})`);
  return `${some.join(', ')}${count > servers.length ? ` and ${count - servers.length} more` : ''}`;
}

/** Explains HAProxy's code of a failed check (HAProxy management guide, check_status). */
const meaning = (check: string): string => {
  if (check === 'L4TOUT')
    return 'L4TOUT: no connection; the security group of the tasks must admit the proxies: in a VPC of your own add it to taskSecurityGroupIds, and deploy';
  if (check === 'L4CON') return 'L4CON: nothing listens; compare haproxy.port with what the container listens on';
  if (check.startsWith('L7STS') && check !== 'L7STS/400')
    return `${check}: the path of haproxy.check must answer 2xx or 3xx`;
  if (check === 'L7TOUT')
    return 'L7TOUT: the path of haproxy.check must answer by HTTP/1.1 within haproxy.check.timeout, or a second';
  if (check === 'L7STS/400')
    return 'L7STS/400: does it speak TLS at that port? Sluice speaks HTTP/1.1 without TLS to tasks; else the path of haproxy.check must answer 2xx or 3xx';
  return `${check}: does it speak HTTP/1.1 without TLS at that port?`;
};
