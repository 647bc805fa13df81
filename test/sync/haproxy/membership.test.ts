import { removeServers, runningServers, settleServers } from '../../../lib/sync/haproxy/membership';
import { wanted, worker } from '../builders';

const header =
  '# be_name srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_time_since_last_change srv_check_state srv_port';
const state = (...lines: readonly string[]) => `1\n${[header, ...lines].join('\n')}\n\n`;
const up = (name: string) => `web ${name} 10.0.1.7 2 0 100 9 6 1`;
const added = { 'add server': 'New server registered.\n' };

/** A worker that always shows the given servers, and the commands that change them. */
function showing(servers: readonly string[], answers: Readonly<Record<string, string>> = {}) {
  const played = worker({ 'show servers state': state(...servers), ...answers });
  return { played, done: () => played.sent.filter((command) => !command.startsWith('show')) };
}

describe('settling', () => {
  it('gives no weight to a server that HAProxy refused to add, for another would get requests at an old address', async () => {
    const { played, done } = showing([], { 'add server': 'Already exists a server with the same name in backend.\n' });
    await settleServers(played, [wanted('a')]);
    expect(done().filter((command) => command.includes('weight'))).toStrictEqual([
      'add server web/a 10.0.1.7:1 weight 0 check',
      'set server web/a weight 0',
      'add server web/a 10.0.1.7:1 weight 0 check',
    ]);
  });

  it.each([
    ["HAProxy's own word", 'SLUICE_APART=pool-conn-name\n\n', 'pool-conn-name'],
    ['the default, where a worker of another release knows none', 'Variable not found\n\n', 'sni'],
  ])('fills a variable of the line by %s, for HAProxy fills none at run time', async (_, reply, word) => {
    const { played, done } = showing([], { 'show env SLUICE_APART': reply });
    const options = 'check "${SLUICE_APART-sni}" var(txn.once) maxconn ${NONE-}7';
    await settleServers(played, [wanted('a', { options })]);
    expect(done()[0]).toBe(`add server web/a 10.0.1.7:1 weight 0 check ${word} var(txn.once) maxconn 7`);
  });

  it('law 6: takes out who leaves before it adds who comes, for ports are reused', async () => {
    const { played, done } = showing([up('old')], added);
    await settleServers(played, [wanted('new')]);
    expect(done()[0]).toBe('set server web/old state maint');
    expect(done()[1]).toMatch(/^add server web\/new /);
  });

  it('sends what hundreds of servers need in lines that fit the smallest buffer, and gives them weight last', async () => {
    const { played } = showing([], added);
    const lines: (readonly string[])[] = [];
    const tellTogether = (commands: readonly string[]) => {
      lines.push(commands);
      return played.tellTogether(commands);
    };
    const many = Array.from({ length: 300 }, (_, n) =>
      wanted(`task-${n}`, { port: n + 1, options: 'check '.repeat(40) }),
    );

    await settleServers({ ...played, tellTogether }, many);

    const together = lines.filter((line) => line.length > 1);
    const bytes = together.map((line) => line.map((command) => `@!1234567 ${command};`).join('').length);
    expect(Math.max(...bytes)).toBeLessThanOrEqual(12_000);
    expect(together.flat()).toHaveLength(1_800);
    expect(together.length).toBeLessThan(30);
    const words = together.flat().map((command) => /^(add|enable)|(ready|down|100| 0)$/.exec(command)?.[0]);
    const of = (...step: string[]) => Array(300).fill(step).flat();
    expect(words).toStrictEqual([...of('add', ' 0', 'enable', 'ready', 'down'), ...of('100')]);
  });

  it('asks again by itself for each server of a line that was not accepted whole', async () => {
    const { played } = showing([], { 'add server web/b': 'invalid port\nin two lines\n', ...added });
    const lines: number[] = [];
    const tellTogether = (commands: readonly string[]) => {
      lines.push(commands.length);
      return played.tellTogether(commands);
    };

    await settleServers(
      { ...played, tellTogether },
      ['a', 'b', 'c'].map((name, index) => wanted(name, { port: index + 1 })),
    );

    // Three servers at once, of which none counts; then each by itself, with five more commands for those that were added.
    expect(lines).toStrictEqual([15, ...Array(13).fill(1)]);
  });

  it('reads back, whatever the answers were', async () => {
    expect(await settleServers(showing([], added).played, [wanted('a')])).toMatchObject({ isSettled: false });
    expect(await settleServers(showing([up('a')]).played, [wanted('a')])).toMatchObject({ isSettled: true });
  });
});

it('the handover waits for a newcomer of each backend by itself', async () => {
  const leftAt: Record<string, number> = {};
  let looks = 0;
  /** The newcomers are not there at the first look, so that the old ones are the last; that of `api` never answers. */
  const shown = (backend: string) => [
    `${backend} old 10.0.1.7 ${backend in leftAt ? '0 1' : '2 0'} 100 9 6 1`,
    ...(looks > 1 ? [`${backend} new 10.0.1.8 ${backend === 'web' ? 2 : 0} 0 100 0 6 2`] : []),
  ];
  const played = worker({
    'show servers state': () => {
      looks++;
      return state(...['web', 'api'].flatMap(shown));
    },
    ...added,
    'set server': (command) => {
      const [, backend] = /^set server (\w+)\/old state maint$/.exec(command) ?? [];
      if (backend) leftAt[backend] = Date.now();
      return '\n';
    },
  });

  const newcomer = (backend: string) => wanted('new', { backend, address: '10.0.1.8', port: 2 });
  await settleServers(played, ['web', 'api'].map(newcomer));

  expect(Object.keys(leftAt)).toStrictEqual(['web', 'api']);
  expect((leftAt.api ?? 0) - (leftAt.web ?? 0)).toBeGreaterThan(1_000);
});

it('a server that HAProxy still needs is left for a later sync', async () => {
  const { played, done } = showing(['web a 10.0.1.7 0 1 100 90 14 1'], {
    'show stat': '# pxname,svname,qcur,scur\nweb,a,0,0\n',
    'show servers conn': '# bkname/svname used_cur\nweb/a 0\n',
    'del server': 'Server still has connections attached to it, cannot remove it.\n',
  });

  expect(await removeServers(played, await runningServers(played), [], 60)).toBe(0);
  expect(done()).toStrictEqual(['del server web/a']);
});
