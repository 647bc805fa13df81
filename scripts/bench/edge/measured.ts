import { mkdtempSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { currentWorker, haproxyAt } from '../../../lib/sync/haproxy/worker';
import { table } from '../../../lib/sync/replies';
import { type Cpu, cpuOf, givePriority, pinned } from '../../measure/cpu';
import { haproxy } from '../../real/haproxy';
import type { Configuration } from './configurations';
import { host } from './load';
import { answer, freeSeat, type Running, type Seat, type Stand } from './stand';

/** Of one HAProxy since its start: its worker's CPU, and the requests that its frontends counted. */
type Used = { readonly cpu: Cpu; readonly requests: number };

export type Measured = {
  readonly seat: Seat;
  readonly used: () => Promise<Used>;
  readonly stop: () => Promise<unknown>;
};

/** @throws when it does not pass a request on to the task within ten seconds; the message has HAProxy's output. */
export async function startMeasured(stand: Stand, configuration: Configuration): Promise<Measured> {
  const seat = await freeSeat();
  const run = mkdtempSync(join(stand.folder, 'run-'));
  const socket = join(run, 'master.sock');
  const running = stand.launch(
    pinned(stand.cores?.measured, [haproxy, '-W', '-S', socket, '-f', configuration.path]),
    configuration.environment(seat, run),
  );
  await untilItAnswers(running, seat);
  const worker = await currentWorker(haproxyAt(socket, 10_000), 10_000);
  if (!worker) throw new Error("HAProxy's master does not answer");
  givePriority(worker.pid);
  return {
    seat,
    used: async () => {
      const requests = countedIn(await worker.tell('show stat'));
      return { cpu: cpuOf(worker.pid), requests };
    },
    stop: () => {
      running.kill('SIGKILL');
      return running.exited;
    },
  };
}

async function untilItAnswers(running: Running, seat: Seat): Promise<void> {
  let ended = false;
  void running.exited.then(() => {
    ended = true;
  });
  let last = '';
  for (const end = performance.now() + 10_000; performance.now() < end && !ended; await sleep(30)) {
    last = await visit(seat).catch((error: Error) => error.message);
    if (last === `200 ${answer}`) return;
  }
  throw new Error(
    `HAProxy ${ended ? 'ended' : `answered "${last.slice(0, 200)}"`} instead of passing a request on to the task. Its output:\n${running.output.join('\n')}`,
  );
}

function visit(seat: Seat): Promise<string> {
  return new Promise((resolve, reject) => {
    get(
      { host: seat.host, port: seat.http, path: '/', headers: { host }, agent: false, timeout: 2_000 },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text) => {
          body += text;
        });
        response.on('error', reject).on('end', () => resolve(`${response.statusCode} ${body}`));
      },
    )
      .on('timeout', () => reject(new Error('no answer')))
      .on('error', reject);
  });
}

const countedIn = (stat: string): number =>
  table(stat, ',')
    .filter((row) => row('svname') === 'FRONTEND')
    .reduce((sum, row) => sum + Number(row('req_tot')), 0);
