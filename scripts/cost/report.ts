import { table } from '../terminal/table';
import type { Estimate, Line } from './estimate';
import { type Options, type Scenario, scenarios } from './options';
import { isUncertain } from './prices';
import { systemGb } from './rows';

/** Everything that a person reads, in at most 100 columns. */
export function report(estimate: Estimate, options: Options): string {
  const { scenario, basis } = options;
  const parts = [
    introduction(estimate, options),
    scenario ? details(estimate, scenario) : comparison(estimate, options),
    ...(basis === 'today' && !scenario ? [uncertain(estimate), proxies(estimate), exchange] : []),
    sources(estimate),
  ];
  return parts.join('\n\n');
}

function introduction({ region, dated, measured }: Estimate, { basis, deployment, freeTier }: Options): string {
  if (basis === 'seed')
    return `Dollars a month as the seed computed them in 2019: eu-west-2, 720 hours, no volumes,
no charge for addresses, no LCUs.`;
  const free = freeTier ? "nothing else in the account uses AWS's free amounts" : "others use up AWS's free amounts";
  const { tasks, changesADay, gbOut, dnsQueries } = deployment;
  return `Dollars a month of 730 hours in ${region}; prices gathered in ${dated}, calls counted on ${measured}.
${count(tasks)} tasks, ${count(changesADay)} replaced a day, ${count(gbOut)} GB out, ${count(dnsQueries)} DNS queries;
${free}.`;
}

/** A row for each thing, a column for each scenario. */
export function comparison({ rows, bills, totalsWithoutFreeTier }: Estimate, { basis, freeTier }: Options): string {
  const digits = basis === 'seed' ? 4 : 2;
  const lines = rows.map(({ what }) => {
    const found = bills.map((bill) => bill.lines.find((line) => line.what === what));
    const [known] = found.flatMap((line) => line ?? []);
    return [what, ...found.map((line) => amount(line, digits)), ...(known ? [cited(known)] : [])];
  });
  const totals = ['total', ...bills.map(({ total }) => total.toFixed(digits))];
  const paid = ['total without free amounts', ...totalsWithoutFreeTier.map((total) => total.toFixed(digits))];
  const ends = basis === 'today' && freeTier ? [totals, paid] : [totals];
  return table([['', ...scenarios, 'source'], ...lines], ends, [0, 4]);
}

/** The lines of one scenario, with quantities and prices. */
function details({ bills }: Estimate, scenario: Scenario): string {
  const found = bills.find((bill) => bill.scenario === scenario);
  const lines = (found?.lines ?? []).map((line) => [
    ...[line.what, count(line.quantity), line.unit, line.free > 0 ? short(line.free) : ''],
    ...[line.per > 1 ? `${line.usd}/${short(line.per)}` : String(line.usd), amount(line, 4), cited(line)],
  ]);
  const total = ['total', '', '', '', '', (found?.total ?? 0).toFixed(4)];
  return table([[scenario, 'quantity', 'unit', 'free', 'price', 'a month', 'source'], ...lines], [total], [0, 2, 6]);
}

const cited = ({ source, date }: Line): string => (isUncertain({ source }) ? source : `${source} ${date.slice(0, 7)}`);

function amount(line: Line | undefined, digits: number): string {
  if (!line) return '-';
  if (line.monthly === 0) return line.quantity > 0 ? 'free' : '-';
  return line.monthly < 10 ** -digits / 2 ? `<${(10 ** -digits).toFixed(digits)}` : line.monthly.toFixed(digits);
}

/** How much of each total has no good source. */
function uncertain({ bills }: Estimate): string {
  const parts = bills.map(({ scenario, lines }) => {
    const sum = lines.filter(isUncertain).reduce((total, { monthly }) => total + monthly, 0);
    return `${sum.toFixed(2)} (${scenario})`;
  });
  return `Of the totals, ${parts.join(', ')}
are based on MEMORY or on what is ASSUMED: check those prices first.`;
}

/** The capacity of one proxy, by its size, and what the next size costs. */
function proxies({ proxySizes }: Estimate): string {
  const rows = proxySizes.map((size, index) => {
    const larger = proxySizes[index + 1];
    const { kept, newTls } = size.requestsASecond;
    return [
      ...[size.type, size.monthly.toFixed(2), larger ? `+${(larger.monthly - size.monthly).toFixed(2)}` : ''],
      ...[`${size.sustainedMegabits} Mbit/s`, count(size.sustainedGbAMonth), count(kept), count(newTls)],
      ...[count(size.connections), `${size.minutesAtFullSpeed} min`, size.mostSurplus.toFixed(2)],
    ];
  });
  const titles = 'one proxy|a month|next|network|GB a month|kept/s|new/s|open|burst|surplus'.split('|');
  return `${table([titles, ...rows], [], [0])}
network: what AWS grants all the time, each way (MEMORY: if both were counted together, half of it);
  bursts go to 5 Gbit/s; GB a month: that, day and night
kept/s, new/s: HTTPS requests that the granted CPU can serve, on kept and on new connections, by
  HAProxy's CPU in the local world; a core of a T4g is ASSUMED half as fast as the one there
open: connections at a time, which its memory limits
burst: both cores at full speed after a day of rest; surplus: dollars more if they are always busy
One more proxy costs its instance, an address and ${systemGb} GB.`;
}

const exchange = `What you own in exchange: an operating system, and one entrance, which is down for minutes when its
instance is lost (with --proxies 2 for a part of the visitors). With an ALB you own neither.
Not in the bill: the database, images, the tasks' own logs, taxes.`;

/** Lines of at most 100 columns; those that continue are indented. */
const sources = ({ sources: named }: Estimate): string =>
  Object.entries(named)
    .map(([name, text]) => `${name}: ${text.replace(`${name}: `, '')}`.replace(/(.{1,96})(?: |$)/g, '$1\n  ').trimEnd())
    .join('\n');

const count = (value: number): string =>
  value.toLocaleString(
    'en-US',
    value < 1 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: value < 1_000 ? 2 : 0 },
  );
const short = (value: number): string => value.toLocaleString('en-US', { notation: 'compact' });
