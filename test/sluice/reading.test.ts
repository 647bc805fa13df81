import { observer } from '../system/observer';
import { openShop, running, serving, until, world, worldForAll } from '../system/shop';
import { as, policy, readingHandlers, register, settled, withOwnPages, withoutRuns } from './reading';
import { impatient, sufferEach, wrongWords } from './suffering';

const current = '/sluice/dev/haproxy/current';

worldForAll({}, async () => {
  const { handlers } = observer(world.aws, world.proxies);
  world.aws.connect({ ...handlers, ...readingHandlers(world.aws) });
  await openShop(world);
});

describe('plan', () => {
  it('says in one sentence that nothing is to change', async () => {
    const { code, output } = await as('PlanUser')('plan');

    expect([code, output]).toStrictEqual([
      0,
      'Nothing to change: generation 1 is published, and that is what ECS runs.\n',
    ]);
  });

  it('says what only another form of this clone would change, after a deploy', async () => {
    const { code, output } = await withOwnPages(() => as('PlanUser')('plan'));

    expect(code).toBe(0);
    expect(output).toMatch(
      /^Nothing to change: .*\n\nAfter your next deploy: this clone writes one file .*\b00-global\.cfg\.\n$/s,
    );
  });

  it('names tasks that come and go with ECS’s state, and the next run does just that, at run time', async () => {
    const [first, second] = running('shop').map(({ id }) => id);
    const up = () => running('shop').length === 3;
    await withoutRuns(
      () => world.ecs.updateService('shop', { desiredCount: 3 }),
      up,
      async () => {
        const third = running('shop').find(({ id }) => id !== first && id !== second)?.id;
        const { code, output } = await as('PlanUser')('plan');

        expect(code).toBe(0);
        expect(output).toMatch(/^The next run, within five minutes, would publish generation 2: 1 service changes\n/);
        expect(output).toContain(`+ task ${third?.slice(0, 8)} joins at `);
        expect(output).toContain('ECS says RUNNING, of shop:1\n');
        expect(output).toContain('HAProxy takes this at run time, without a reload.');
      },
    );
    await settled();
    expect(world.aws.parameters.version(current)).toBe(2);
  });

  it('names new routes and labels, and the reload that they need', async () => {
    const more = {
      labels: { 'haproxy.host': 'shop.example, new.example', 'haproxy.check': '/health', 'haproxy.hsts': 'on' },
    };
    const isNew = () => running('shop').some(({ revision }) => revision === 2);
    await withoutRuns(
      () => world.ecs.updateService('shop', { taskDefinition: register('shop.example', more) }),
      isNew,
      async () => {
        const { output } = await as('PlanUser')('plan');
        const { output: json } = await as('PlanUser')('plan', '--json');

        expect(output).toContain('  + route new.example/, as the labels of shop:2 say\n');
        expect(output).toMatch(
          / {2}~ label haproxy\.hsts of container web: none → 31536000, as the labels of\s+shop:2 say\n/,
        );
        expect(output).toContain('HAProxy makes one reload');
        expect(output.split('\n').filter((line) => line.length > 80)).toStrictEqual([]);
        expect(JSON.parse(json)).toMatchObject({ action: 'publish', reload: true, otherForm: [], faults: [] });
      },
    );
    await settled();
  });

  it('says a fault in reconcile’s own words, and exits with 1', async () => {
    const taskDefinition = world.ecs.registerTaskDefinition({
      family: 'typo',
      containers: [serving('typo.example', { labels: { 'haproxy.hots': 'typo.example' } })],
    });
    world.ecs.createService({ name: 'typo', taskDefinition, desiredCount: 1 });
    await until(async () => running('typo').length === 1);
    const { code, output } = await as('PlanUser')('plan');
    world.ecs.updateService('typo', { desiredCount: 0 });
    await until(async () => running('typo').length === 0);

    expect(code).toBe(1);
    expect(output).toMatch(
      /1 fault; all else goes on:\n {2}- sluice-dev\/typo, revision 1: container "web": unknown label\s/,
    );
  });

  it('refuses as reconcile does where ECS contradicts itself, and exits with 1', async () => {
    await settled();
    const failures = running('shop').map(({ id }) => ({ arn: id, reason: 'MISSING' }));
    // A run of reconcile may ask meanwhile.
    world.aws.api.faults.next('ecs:ListTasks', { body: '{"taskArns": []}' }, 9);
    world.aws.api.faults.next('ecs:DescribeTasks', { body: JSON.stringify({ tasks: [], failures }) }, 9);
    const { code, output } = await as('PlanUser')('plan');
    world.aws.api.faults.clear();

    expect(code).toBe(1);
    expect(output).toMatch(/^The next run would refuse a part: ECS counts more tasks .* sluice-dev\/shop,/s);
  });

  it('names a stage that is not deployed', async () => {
    expect(await as('PlanUser')('plan', '--stage', 'prod')).toMatchObject({
      ...{ code: 1, output: '' },
      complaints: expect.stringMatching(/^sluice: Stage prod is not deployed in eu-west-2: check --stage and --region/),
    });
  });
});

describe('history', () => {
  it('lists what changed and because of which event, the newest first', async () => {
    const newest = world.aws.parameters.version(current);
    const { code, output } = await as('HistoryUser')('history', '--count', '100');

    expect(code).toBe(0);
    expect(output).toMatch(new RegExp(`\\n +${newest} {2}20\\d\\d-`));
    expect(output).toMatch(
      /\n {5}1 {2}.*\n {8}the first one; with sluice-dev\/shop\n {8}because: task [0-9a-f]{8}… of sluice-dev\/shop is RUNNING/,
    );
    expect(output).toMatch(/changed sluice-dev\/shop; routes; one reload of HAProxy\n/);
  });

  it('reads all pages, and says of a damaged one that it is damaged', async () => {
    const good = world.aws.parameters.read(current) ?? '';
    for (const Value of ['{"files": []}', ...Array.from({ length: 60 }, () => good)])
      world.aws.parameters.put({ Name: current, Value, Overwrite: true, Description: 'by \u009b2J hand' });
    const damaged = world.aws.parameters.version(current) - 60;
    const { output } = await as('HistoryUser')('history', '--count', '100', '--json');
    const { generations } = JSON.parse(output) as { generations: readonly { generation: number; changes?: unknown }[] };
    const found = (number: number) => generations.find(({ generation }) => generation === number);

    expect(generations.length).toBe(damaged + 60);
    expect(found(damaged)).toMatchObject({
      damaged: expect.stringMatching(/^it does not list files/),
      why: 'by \\u{9b}2J hand',
    });
    expect(found(damaged + 1)?.changes).toBe(undefined);
    expect(found(damaged + 2)?.changes).toStrictEqual([]);
  });

  it.each([
    [['--count', 'all'], 2, /^sluice: --count "all" is not a number from 1 to 100/],
    [['--stage', 'prod'], 1, /^sluice: Stage prod has published nothing in eu-west-2: check --stage/],
  ])('%j is one sentence', async (args, code, says) => {
    expect(await as('HistoryUser')('history', ...args)).toMatchObject({
      code,
      output: '',
      complaints: expect.stringMatching(says),
    });
  });
});

describe('labels', () => {
  it('reads a registered task definition', async () => {
    const { code, output } = await as('LabelsUser')('labels', 'shop:2');

    expect(code).toBe(0);
    expect(output).toMatch(
      /^task definition shop:2\n\ncontainer web, port 8080\n {2}serves {2}https:\/\/new\.example\/\n/,
    );
  });

  it('an unknown one is one sentence', async () => {
    expect((await as('LabelsUser')('labels', 'shop:99')).complaints).toMatch(
      /^sluice: There is no file "shop:99" here, and ECS has no such task definition in eu-west-2: check the name/,
    );
  });
});

const verbs: readonly (readonly [verb: string, ...args: readonly string[]])[] = [
  ['plan'],
  ['history'],
  ['labels', 'shop:1'],
];

it.each(verbs)('%s: whatever AWS answers, it ends in one clear sentence and changes nothing', async (...args) => {
  const role = `Suffering ${args[0]}`;
  const ask = as(role, impatient);
  const suffered = await sufferEach(world.aws.api, role, () => ask(...args), 99);

  expect(suffered.flatMap(wrongWords)).toStrictEqual([]);
  const own = world.aws.api.calls.filter((call) => call.role === role);
  expect(own.filter(({ action }) => !/:(Describe|Get|List)/.test(action))).toStrictEqual([]);
});

it('the verbs that read ask for all that docs/status-policy.json allows, and for nothing else', async () => {
  for (const args of [['status'], ['explain', 'https://shop.example/'], ...verbs]) await as('PlanUser')(...args);
  const calls = world.aws.api.calls.filter(({ role }) => /^(Plan|History|Labels)User$/.test(role));
  const allowed = policy.Statement.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) => Action);

  expect(calls.filter(({ outcome }) => /Denied|Unauthorized/.test(outcome))).toStrictEqual([]);
  expect([...new Set(calls.map(({ action }) => action))].sort()).toStrictEqual([...new Set(allowed)].sort());
});
