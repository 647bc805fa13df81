import type { WantedServer } from '../../../lib/sync/haproxy/change';
import type { Haproxy, Worker } from '../../../lib/sync/haproxy/master';
import { removeServers, settleServers } from '../../../lib/sync/haproxy/membership';

const worker: Worker = { pid: 7, structure: undefined };
const wanted = (name: string, options = 'check'): WantedServer => ({
  backend: 'web',
  name,
  address: '10.0.1.7',
  port: 1,
  options,
});

const header =
  '# be_name srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_time_since_last_change srv_check_state srv_port';
const up = (name: string) => `web ${name} 10.0.1.7 2 0 100 9 6 1`;
const left = (name: string) => `web ${name} 10.0.1.7 0 1 100 90 14 1`;

/** A HAProxy that shows the given servers and answers each command as told, else with nothing. */
function haproxy(servers: readonly string[], answers: Readonly<Record<string, string>> = {}) {
  const sent: string[] = [];
  const reply = (command: string): string => {
    if (command === 'show servers state') return `1\n${[header, ...servers].join('\n')}\n\n`;
    if (!command.startsWith('show')) sent.push(command);
    return Object.entries(answers).find(([start]) => command.startsWith(start))?.[1] ?? '\n';
  };
  const played: Haproxy = {
    master: async () => '',
    reload: async () => '',
    worker: async (_, command) => reply(command),
  };
  return { played, sent };
}

describe('settling', () => {
  it('sends nothing but the add when HAProxy refuses it, for the rest would enable another server', async () => {
    const { played, sent } = haproxy([], { 'add server': 'Already exists a server with the same name in backend.\n' });

    await settleServers(played, worker, [wanted('a')]);

    expect(new Set(sent.map((command) => command.split(' ', 1)[0]))).toStrictEqual(new Set(['add']));
  });

  it.each([
    ["HAProxy's own word", 'SLUICE_APART=pool-conn-name\n\n', 'pool-conn-name'],
    ['the default, where a worker of another release knows none', 'Variable not found\n\n', 'sni'],
  ])('fills a variable of the line by %s, for HAProxy fills none at run time', async (_, reply, word) => {
    const { played, sent } = haproxy([], { 'show env SLUICE_APART': reply });

    await settleServers(played, worker, [wanted('a', 'check "${SLUICE_APART-sni}" var(txn.once) maxconn ${NONE-}7')]);

    expect(sent[0]).toBe(`add server web/a 10.0.1.7:1 weight 0 check ${word} var(txn.once) maxconn 7`);
  });

  it('takes out who leaves before it adds who comes, for ports are reused', async () => {
    const { played, sent } = haproxy([up('old')], { 'add server': 'New server registered.\n' });

    await settleServers(played, worker, [wanted('new')]);

    expect(sent.slice(0, 2)).toStrictEqual([
      'set server web/old state maint',
      expect.stringMatching(/^add server web\/new /),
    ]);
  });

  it('tells by reading back, not by the answers', async () => {
    const obedient = haproxy([], { 'add server': 'New server registered.\n' });

    expect(await settleServers(obedient.played, worker, [wanted('a')])).toBe(false);
    expect(await settleServers(haproxy([up('a')]).played, worker, [wanted('a')])).toBe(true);
  });
});

describe('the handover', () => {
  it('waits for a newcomer of each backend by itself', async () => {
    const started = Date.now();
    const left: Record<string, number> = {};
    const states = () => {
      const newcomer = (backend: string, op: number) => `${backend} new 10.0.1.8 ${op} 0 100 0 6 2`;
      const old = (backend: string) =>
        `${backend} old 10.0.1.7 ${left[backend] === undefined ? '2 0' : '0 1'} 100 9 6 1`;
      return ['web', 'api'].flatMap((backend) => [old(backend), newcomer(backend, backend === 'web' ? 2 : 0)]);
    };
    let asked = 0;
    const worker7 = async (_: number, command: string): Promise<string> => {
      const [, backend] = /^set server (\w+)\/old state maint$/.exec(command) ?? [];
      if (backend !== undefined) left[backend] = Date.now() - started;
      // The newcomers are not there at the first look, so that the old ones are the last.
      const lines = asked++ === 0 ? states().filter((line) => !line.includes(' new ')) : states();
      if (command === 'show servers state') return `1\n${[header, ...lines].join('\n')}\n\n`;
      return command.startsWith('add server') ? 'New server registered.\n' : '\n';
    };
    const played: Haproxy = { master: async () => '', reload: async () => '', worker: worker7 };
    const newcomers = ['web', 'api'].map((backend) => ({ ...wanted('new'), backend, address: '10.0.1.8', port: 2 }));

    await settleServers(played, worker, newcomers);

    expect(Object.keys(left)).toStrictEqual(['web', 'api']);
    expect((left.api ?? 0) - (left.web ?? 0)).toBeGreaterThan(1_000);
  });
});

describe('removing', () => {
  const idle = {
    'show stat': '# pxname,svname,qcur,scur\nweb,a,0,0\n',
    'show servers conn': '# bkname/svname used_cur\nweb/a 0\n',
  };

  it('deletes a server that left long ago', async () => {
    const { played, sent } = haproxy([left('a')], { ...idle, 'del server': 'Server deleted.\n' });

    expect(await removeServers(played, worker, [], 60)).toBe(1);
    expect(sent).toStrictEqual(['del server web/a']);
  });

  it('leaves for later what HAProxy still needs', async () => {
    const { played } = haproxy([left('a')], {
      ...idle,
      'del server': 'Server still has connections attached to it, cannot remove it.\n',
    });

    expect(await removeServers(played, worker, [], 60)).toBe(0);
  });
});
