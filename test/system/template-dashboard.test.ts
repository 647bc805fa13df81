import { readTemplate } from '../../scripts/local/package/template';
import { packaged, type Variant } from '../../scripts/real/package';
import { type Alarm, identity, type Metric, statsOf } from './cloudwatch';
import { measured } from './life';

type Graph = {
  readonly region: string;
  readonly metrics: readonly unknown[][];
  readonly annotations?: { readonly horizontal: readonly { readonly value: number }[] };
};
type Widget = { readonly type: string; readonly x: number; readonly y: number; readonly width: number };
type Body = { readonly widgets: readonly (Widget & { readonly height: number; readonly properties: Graph & Shown })[] };
type Shown = { readonly alarms?: readonly string[]; readonly markdown?: string };
type Dashboard = { readonly DashboardName: string; readonly DashboardBody: string };

const all = async (variant: Variant) => readTemplate(await packaged(variant), 'http://localhost');
async function dashboard(variant: Variant) {
  const template = await all(variant);
  const [found] = template<Dashboard>('AWS::CloudWatch::Dashboard');
  const { DashboardName, DashboardBody } = (found as { properties: Dashboard }).properties;
  return { name: DashboardName, template, widgets: (JSON.parse(DashboardBody) as Body).widgets };
}

/** AWS's format: namespace, name, dimensions, options. */
function metricOf([Namespace, MetricName, ...rest]: readonly unknown[]): Metric {
  const words = rest.slice(0, -1).map(String);
  const Dimensions = words.flatMap((Name, at) => (at % 2 === 0 ? [{ Name, Value: words[at + 1] ?? '' }] : []));
  return { Namespace: String(Namespace), MetricName: String(MetricName), Dimensions };
}

/** Of AWS's own, by the dimension: EC2, Lambda and SQS guides, available metrics. */
const ofAws = ['CPUUtilization', 'CPUCreditBalance', 'NetworkOut', 'Duration', 'ApproximateAgeOfOldestMessage'];
const faults: Metric = { Namespace: 'Sluice/dev', MetricName: 'Faults' };

describe.each<[Variant, number]>([
  ['default', 1],
  ['twoProxies', 2],
])('the dashboard of %s', (variant, proxies) => {
  it('is valid, shows every alarm, and names the next step', async () => {
    const { name, template, widgets } = await dashboard(variant);
    const alarms = template<Alarm>('AWS::CloudWatch::Alarm').map(({ properties }) => properties.AlarmName);

    expect(name).toBe('sluice-dev');
    const shown = widgets.flatMap(({ properties }) => properties.alarms ?? []);
    const arn = 'arn:aws:cloudwatch:eu-west-2:123456789012:alarm:';
    expect([...shown].sort()).toStrictEqual(alarms.map((each) => arn + each).sort());
    expect(widgets[0]?.properties.markdown).toContain('npx sluice status --stage dev --region eu-west-2');
  });

  it('graphs all that the alarms watch and the faults, of this stage and region, and nothing that is not measured', async () => {
    const { template, widgets } = await dashboard(variant);
    const graphs = widgets.filter(({ type }) => type === 'metric').map(({ properties }) => properties);
    const metrics = graphs.flatMap((graph) => graph.metrics.map(metricOf));
    const known = [...Object.values(measured(proxies)), faults];

    expect(new Set(graphs.map(({ region }) => region))).toStrictEqual(new Set(['eu-west-2']));
    const watched = template<Alarm>('AWS::CloudWatch::Alarm').flatMap(({ properties }) => statsOf(properties));
    const identities = metrics.map(identity);
    for (const { Metric } of watched) expect(identities).toContain(identity(Metric));
    expect(identities).toContain(identity(faults));
    const others = metrics.filter((metric) => !known.some((each) => identity(each) === identity(metric)));
    const places = known.map(({ Namespace, Dimensions = [] }) => JSON.stringify([Namespace, Dimensions]));
    for (const { Namespace, MetricName, Dimensions = [] } of others) {
      expect(ofAws).toContain(MetricName);
      const place = JSON.stringify([Namespace, Dimensions]).replace('reconcile.fifo', 'reconcile-dead.fifo');
      expect(places).toContain(place);
    }
  });

  it('shows what the type of the proxies carries in five minutes', async () => {
    const { widgets } = await dashboard(variant);
    const lines = widgets.flatMap(({ properties }) => properties.annotations?.horizontal ?? []);
    expect(lines.map(({ value }) => value)).toStrictEqual([(32e6 / 8) * 300]);
  });

  it('has no widget on another, and none beyond the 24 columns', async () => {
    const { widgets } = await dashboard(variant);
    const cells = widgets.flatMap(({ x, y, width, height }) =>
      Array.from({ length: width * height }, (_, at) => `${x + (at % width)} ${y + Math.floor(at / width)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { x, width } of widgets) expect(x + width).toBeLessThanOrEqual(24);
  });
});
