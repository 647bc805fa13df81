import type { World } from '../local/world';

/** What HAProxy had to do so that clients saw nothing: connections tried again, and requests sent to another server. */
export type Rescues = { readonly retries: number; readonly redispatches: number };

/** HAProxy counts from zero after each reload. */
export async function rescues({ host, port }: World['proxy']['statistics'], service: string): Promise<Rescues> {
  const answer = await fetch(`http://${host}:${port}/;csv`, { headers: { connection: 'close' } });
  return rescuesIn(await answer.text(), service);
}

/** Reads the row of the service's backend (HAProxy management guide, "Statistics and monitoring", CSV format). */
export function rescuesIn(csv: string, service: string): Rescues {
  const [titles = [], ...rows] = csv.split('\n').map((line) => line.replace(/^# /, '').split(','));
  const cell = (row: readonly string[], title: string) => row[titles.indexOf(title)] ?? '';
  const own = rows.find((row) => cell(row, 'pxname').endsWith(`.${service}`) && cell(row, 'svname') === 'BACKEND');
  return { retries: Number(cell(own ?? [], 'wretr')), redispatches: Number(cell(own ?? [], 'wredis')) };
}
