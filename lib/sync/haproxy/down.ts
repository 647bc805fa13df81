import { type RunningServer, table } from './replies';

/** Servers that get no request because they fail their checks. */
export type Down = {
  readonly count: number;
  /** The first few. */
  readonly servers: readonly DownServer[];
};

export type DownServer = {
  readonly backend: string;
  readonly name: string;
  /** `address:port` */
  readonly at: string;
  /**
   * HAProxy's own word: `L4TOUT` nobody answered, `L4CON` nobody listens, `L7STS/503` the check's answer was bad, `L7RSP` (2.6) or
   * `SOCKERR` (3.2) it was no HTTP, `INI` no check ever came to an end.
   */
  readonly check: string;
};

/** Run Command keeps 24,000 characters of a report. */
const most = 5;
/** A check ends within a second, and HAProxy 2.8 and 3.0 show none of those that are answered by no HTTP. */
const newcomerSeconds = 5;

/** Who fails a check, by `show stat`. A newcomer that was not checked yet fails none. `undefined` when there is nobody. */
export function downServers(stat: string, running: readonly RunningServer[]): Down | undefined {
  const at = new Map(running.map(({ backend, name, address, port }) => [`${backend}/${name}`, `${address}:${port}`]));
  const servers = table(stat, ',').flatMap((row) => {
    const [backend = '', name = ''] = [row('pxname'), row('svname')];
    const place = at.get(`${backend}/${name}`);
    const check = checkOf(row('check_status'), row('check_code'), Number(row('lastchg')));
    const isDown = row('status')?.startsWith('DOWN') && check !== undefined;
    return place && isDown ? [{ backend, name, at: place, check }] : [];
  });
  return servers.length === 0 ? undefined : { count: servers.length, servers: servers.slice(0, most) };
}

/** While a check is under way, HAProxy shows the result of the last one behind a star, and 0 in place of its code. */
function checkOf(status: string | undefined, code: string | undefined, seconds: number): string | undefined {
  const word = (status ?? '').replace(/^\* /, '');
  const isFailed = /^(L[467](?!OK)|SOCKERR)/.test(word) || (word === 'INI' && seconds >= newcomerSeconds);
  if (!isFailed) return undefined;
  return word === 'L7STS' && Number(code) > 0 ? `${word}/${code}` : word;
}
