import { table } from '../terminal/table';
import { wrap } from '../terminal/wrap';
import { type Estimate, type Line, ownPart } from './estimate';
import { type Options, type Scenario, scenarios } from './options';
import { isEstimate } from './prices';
import { systemGb } from './rows';

/** Everything that a person reads. @param of what is calculated, such as the settings of a stage */
export function report(estimate: Estimate, options: Options, columns = 80, of = 'the defaults'): string {
  const { scenario, basis } = options;
  const parts = [
    introduction(estimate, options, of),
    scenario ? details(estimate, scenario) : comparison(estimate, options),
    ...(basis === 'today' && !scenario
      ? [entrance(estimate), guessed(estimate), proxies(estimate, columns), exchange]
      : []),
    sources(estimate),
  ];
  return parts.map((part) => fitted(part, columns)).join('\n\n');
}

/** Wraps sentences, and leaves tables as they are. A line that a sentence continues on is indented if the sentence has a title. */
const fitted = (part: string, columns: number): string =>
  part
    .split('\n')
    .flatMap((line) => {
      if (line.length <= columns || / {3}|---/.test(line)) return [line];
      const indent = /^[\w-]+:|^[\w/, ]+: /.test(line) ? '  ' : '';
      return wrap(line, columns - indent.length).map((each, index) => (index > 0 ? indent : '') + each);
    })
    .join('\n');

function introduction({ region, dated, measured }: Estimate, options: Options, of: string): string {
  const { basis, deployment, freeTier } = options;
  if (basis === 'seed')
    return 'Dollars a month as the seed computed them in 2019: eu-west-2, 720 hours, no volumes, no charge for addresses, no LCUs.';
  const free = freeTier ? "nothing else in the account uses AWS's free amounts" : "others use up AWS's free amounts";
  const { tasks, changesADay, gbOut, dnsQueries } = deployment;
  return `Dollars a month of 730 hours in ${region}, for ${of}; prices gathered in ${dated}, calls counted on ${measured}.
${count(tasks)} tasks, ${count(changesADay)} replaced a day, ${count(gbOut)} GB out, ${count(dnsQueries)} DNS queries; ${free}.`;
}

/** A row for each thing, a column for each scenario. */
export function comparison(estimate: Estimate, { basis, freeTier }: Options): string {
  const { rows, bills, totalsWithoutFreeTier } = estimate;
  const digits = basis === 'seed' ? 4 : 2;
  const lines = rows.map(({ what }) => {
    const found = bills.map((bill) => bill.lines.find((line) => line.what === what));
    const [known] = found.flatMap((line) => line ?? []);
    return [what, ...found.map((line) => amount(line, digits)), ...(known ? [cited(known)] : [])];
  });
  const totals = ['total', ...bills.map(({ total }) => total.toFixed(digits))];
  const paid = ['total without free amounts', ...totalsWithoutFreeTier.map((total) => total.toFixed(digits))];
  if (basis === 'seed') return table([['', ...scenarios, 'source'], ...lines], [totals], [0, 4]);
  const { sluice, alb } = ownPart(estimate);
  const ends = [...(freeTier ? [totals, paid] : [totals]), [alone, '-', sluice.toFixed(2), alb.toFixed(2)]];
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

const alone = 'the entrance alone';

function entrance(estimate: Estimate): string {
  const { sluice, alb, instance, address, disk } = ownPart(estimate);
  const each = `${instance.toFixed(2)} for an instance, ${address.toFixed(2)} for its address, ${disk.toFixed(2)} for its disk`;
  return `${alone}: Sluice's own part is ${sluice.toFixed(2)} (each proxy: ${each}); an ALB with its addresses is ${alb.toFixed(2)} before LCUs. The rest is much the same under both.`;
}

const cited = ({ source, date }: Line): string => (isEstimate({ source }) ? source : `${source} ${date.slice(0, 7)}`);

function amount(line: Line | undefined, digits: number): string {
  if (!line) return '-';
  if (line.monthly === 0) return line.quantity > 0 ? 'free' : '-';
  return line.monthly < 10 ** -digits / 2 ? `<${(10 ** -digits).toFixed(digits)}` : line.monthly.toFixed(digits);
}

/** How much of each total no price list shows. */
function guessed({ bills }: Estimate): string {
  const parts = bills.map(({ scenario, lines }) => {
    const sum = lines.filter(isEstimate).reduce((total, { monthly }) => total + monthly, 0);
    return `${sum.toFixed(2)} (${scenario})`;
  });
  return `Of the totals, ${parts.join(', ')} are estimates, because no list with that price was at hand: the last lines say how each was made.`;
}

/** The capacity of one proxy, by its size, and what the next size costs. */
function proxies({ proxySizes }: Estimate, columns: number): string {
  const rows = proxySizes.map((size, index) => {
    const larger = proxySizes[index + 1];
    const { kept, newTls } = size.requestsASecond;
    return [
      ...[size.type, size.monthly.toFixed(2), larger ? `+${(larger.monthly - size.monthly).toFixed(2)}` : ''],
      ...[`${size.sustainedMegabits} Mbit/s`, count(kept), count(newTls)],
      ...[count(size.connections), `${size.minutesAtFullSpeed} min`],
      ...[count(size.sustainedGbAMonth), size.mostSurplus.toFixed(2)],
    ];
  });
  const titles = 'one proxy|a month|next|network|kept/s|new/s|open|burst|GB a month|surplus'.split('|');
  // The last two need 91 columns.
  const shown = [titles, ...rows].map((row) => (columns < 91 ? row.slice(0, -2) : row));
  return `${table(shown, [], [0])}
network: what AWS grants all the time, each way; bursts go to 5 Gbit/s
kept/s, new/s: HTTPS requests that the granted CPU can serve, on kept and on new connections, by HAProxy's CPU in the local world, if a core of a T4g is half as fast as the one there
open: connections at a time, which its memory limits
burst: both cores at full speed after a day of rest${columns < 91 ? '' : '; surplus: dollars more if they are always busy'}
One more proxy costs its instance, an address and ${systemGb} GB.`;
}

const exchange = `What you own in exchange: an operating system, and one entrance, which is down for minutes when its instance is lost (with --proxies 2 for a part of the visitors). With an ALB you own neither.
Not in the bill: the database, images, the tasks' own logs, taxes.`;

const sources = ({ sources: named }: Estimate): string =>
  Object.entries(named)
    .map(([name, text]) => `${name}: ${text}`)
    .join('\n');

const count = (value: number): string =>
  value.toLocaleString(
    'en-US',
    value < 1 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: value < 1_000 ? 2 : 0 },
  );
const short = (value: number): string => value.toLocaleString('en-US', { notation: 'compact' });
