import { readCalls } from '../cost/calls';
import { estimate, ownPart } from '../cost/estimate';
import { type Options, readOptions, type Settled, standard } from '../cost/options';

/** What a month of these settings costs. */
export function priceOfMonth(settled: Settled): string {
  try {
    return sentence(readOptions({}, settled));
  } catch (error) {
    // No price is known for this region or type.
    const { region, proxyType, hostType } = standard;
    const near = readOptions({}, { ...settled, region, proxyType, hostType });
    const unknown = (error as Error).message.replace(/: add .*$/s, '');
    return `${unknown}. With ${proxyType} and ${hostType}: ${sentence(near)}`;
  }
}

function sentence(options: Options): string {
  const estimated = estimate(options, readCalls());
  const { sluice, alb } = ownPart(estimated);
  const { region, tasks, gbOut, hosts } = options.deployment;
  const total = estimated.bills.find(({ scenario }) => scenario === 'Sluice')?.total ?? 0;
  const withHosts = hosts > 0 ? ' with the instance that runs them' : '';
  return (
    `About $${total.toFixed(2)} a month in ${region} for ${tasks} small tasks${withHosts} and ${gbOut} GB of traffic.` +
    ` Sluice's own part of it is $${sluice.toFixed(2)}; an ALB with its addresses would be $${alb.toFixed(2)}.`
  );
}
