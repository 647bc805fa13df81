import type { Row } from './bill';

/** Thirty days. */
const hours = 720;

/** The three bills of 2019 as the seed reckoned them: no volumes, no charge for addresses, and no LCUs. */
export const seedRows: readonly Row[] = [
  { what: 'the box, t2.micro', item: 'on-demand t2.micro in 2019', quantities: { 'single box': hours } },
  { what: 'proxy, t3a.nano', item: 'on-demand t3a.nano in 2019', quantities: { Sluice: hours } },
  { what: 'load balancer', item: 'ALB in 2019', quantities: { ALB: hours } },
  {
    what: 'task host, t3a.micro, spot',
    item: 'spot t3a.micro in 2019',
    quantities: { Sluice: hours, ALB: hours },
  },
  { what: 'Route 53 and Cloud Map', item: 'Route 53 and Cloud Map in 2019', quantities: { Sluice: 1 } },
];
