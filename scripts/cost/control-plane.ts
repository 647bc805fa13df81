import type { Row } from './bill';
import type { Calls, Occasion } from './calls';
import type { Deployment } from './deployment';

/** resources/events.yml: a tick every five minutes. */
export const ticksAnHour = 12;
/** `renew` looks twice a day, and orders when a third of 90 days is left: once in two months. */
export const looksADay = 2;
const renewalsAMonth = 0.5;
/** Lambda asks an idle queue with five long polls of 20 s side by side (AWS: Lambda, SQS event source mappings). */
const pollsAnHour = 5 * (3_600 / 20);
/** Two of a capacity provider with managed scaling (AWS: ECS cluster auto scaling); resources/alarms.yml: five of the stage, two a proxy. */
const scalingAlarms = 2;
export const ownAlarms = (proxies: number): number => 5 + 2 * proxies;
/** `Unanswered` and `LifeLeft`; each proxy has its `Synced`. */
const stageMetrics = 2;
/** serverless.yml: memorySize. */
export const functionGb = 0.5;
/** START, END and REPORT, which Lambda writes itself for each run: MEMORY. */
const lambdaLogBytes = 400;
/** Of a run, of each further page of 100 tasks, of a look at what is due, of an order. ASSUMED: no network is played here. */
const seconds = { run: 1, page: 0.2, look: 2, order: 240 };

/** What keeps the proxies right: as counted in the local world for a tick and a replaced task, so many times a month. */
export function controlPlane(deployment: Deployment, calls: Calls, hours: number): readonly Row[] {
  const { proxies, tasks, changesADay, advancedParameters } = deployment;
  const [ticks, changes, looks] = [ticksAnHour * hours, (changesADay * hours) / 24, (looksADay * hours) / 24];
  const inMonth = (of: (occasion: Occasion) => number): number =>
    ticks * of(calls.tick) + changes * of(calls.change) + renewalsAMonth * of(calls.renewal);

  const runs = inMonth((each) => each.runs);
  const runSeconds = seconds.run + seconds.page * Math.max(0, Math.ceil(tasks / 100) - 1);
  const busySeconds = runs * runSeconds + looks * seconds.look + renewalsAMonth * seconds.order;
  const reports = proxies * inMonth((each) => each.proxyCalls['cloudwatch:PutMetricData'] ?? 0);
  const sluice = (what: string, item: string, quantity: number): Row => ({
    what,
    item,
    quantities: { Sluice: quantity },
  });

  return [
    // Messages are sent one by one, and received and deleted as a batch (AWS: SQS pricing).
    sluice(
      'queue: idle polls and messages',
      'FIFO request',
      pollsAnHour * hours + inMonth((each) => each.messages + 2 * each.runs),
    ),
    sluice('functions: requests', 'function request', runs + looks),
    sluice('functions: time', 'function time', busySeconds * functionGb),
    sluice('Scheduler', 'schedule', ticks + looks),
    sluice('logs', 'log', (inMonth((each) => each.logBytes) + runs * lambdaLogBytes) / 1e9),
    sluice(
      'KMS, for private keys',
      'KMS request',
      inMonth((each) => each.secrets + proxies * each.proxySecrets),
    ),
    sluice('parameters beyond 4 KB', 'advanced parameter', advancedParameters),
    // Written once in a renewal, and read once by each proxy.
    sluice('calls for them', 'advanced call', advancedParameters * renewalsAMonth * (1 + proxies)),
    sluice('metrics', 'metric', stageMetrics + proxies),
    sluice('calls that report them', 'metric call', reports),
    { what: 'alarms', item: 'alarm', quantities: { Sluice: ownAlarms(proxies) + scalingAlarms, ALB: scalingAlarms } },
  ];
}
