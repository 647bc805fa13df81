import { mkdtempSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Cpu, cpuOfAll, givePriority, pinned } from '../../measure/cpu';
import { family } from '../../measure/family';
import type { Configuration } from './configurations';
import { host } from './load';
import { answer, freeSeat, type Running, type Seat, type Stand } from './stand';

/** A proxy that runs. */
export type Measured = {
  readonly seat: Seat;
  /** Of all its processes, since their start. */
  readonly cpu: () => Cpu;
  readonly processes: () => readonly number[];
  /** @throws when it has no new process, or does not answer afterwards */
  readonly reload: () => Promise<void>;
  readonly stop: () => Promise<unknown>;
};

/** @throws when it does not pass a request on to the task within thirty seconds; the message has the proxy's output. */
export async function startMeasured(stand: Stand, configuration: Configuration): Promise<Measured> {
  const seat = await freeSeat();
  const run = mkdtempSync(join(stand.folder, 'run-'));
  const environment = configuration.environment(seat, run);
  const running = stand.launch(pinned(stand.cores?.measured, configuration.command(seat, run)), environment);
  await untilItAnswers(running, seat);
  const processes = family(running.pid);
  for (const pid of processes) givePriority(pid);
  return {
    seat,
    cpu: () => cpuOfAll(processes),
    processes: () => family(running.pid),
    reload: async () => {
      const { reload } = configuration;
      const former = family(running.pid);
      if (typeof reload === 'string') {
        running.kill(reload);
        await untilAnother(running.pid, former);
      } else if (reload !== undefined) await stand.launch(reload(run), environment).exited;
      await untilItAnswers(running, seat);
    },
    stop: () => {
      running.kill('SIGKILL');
      return running.exited;
    },
  };
}

async function untilAnother(pid: number, former: readonly number[]): Promise<void> {
  for (const end = performance.now() + 30_000; performance.now() < end; await sleep(50)) {
    if (family(pid).some((each) => !former.includes(each))) return;
  }
  throw new Error('The proxy started no new process within 30 seconds of its reload');
}

async function untilItAnswers(running: Running, seat: Seat): Promise<void> {
  let ended = false;
  void running.exited.then(() => {
    ended = true;
  });
  let last = '';
  for (const end = performance.now() + 30_000; performance.now() < end && !ended; await sleep(30)) {
    last = await visit(seat).catch((error: Error) => error.message);
    if (last === `200 ${answer}`) return;
  }
  throw new Error(
    `The proxy ${ended ? 'ended' : `answered "${last.slice(0, 200)}"`} instead of passing a request on to the task. Its output:\n${running.output.join('\n')}`,
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
