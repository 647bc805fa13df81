import { readdirSync, readFileSync } from 'node:fs';

import type { Instance } from '../proxy/instance';

/** HAProxy at one moment. Memory in kB: what the processes hold for themselves, and their share of what they hold together (PSS). */
export type Sample = {
  readonly seconds: number;
  readonly master: number;
  readonly worker: number;
  /** Workers that a reload left behind. */
  readonly old: readonly number[];
  readonly masterKilobytes: number;
  readonly workerKilobytes: number;
  readonly oldKilobytes: number;
  /** Of the worker that serves, and of all together. */
  readonly workerDescriptors: number;
  readonly descriptors: number;
  /** Resident memory of the worker that serves. */
  readonly workerResidentKilobytes: number;
};

/** Looks at HAProxy every second until it is told to stop. A moment in which it cannot be asked has no sample. */
export function startSampling(proxy: Instance) {
  const began = performance.now();
  const samples: Sample[] = [];
  let isBusy = false;
  const look = async () => {
    if (isBusy) return;
    isBusy = true;
    const found = await proxy.processes().catch(() => undefined);
    isBusy = false;
    const [worker, ...old] = found?.workers ?? [];
    if (found === undefined || worker === undefined) return;
    try {
      samples.push(sampleOf((performance.now() - began) / 1_000, found.master, worker, old));
    } catch {
      // A worker ended while it was looked at.
    }
  };
  const timer = setInterval(look, 1_000);
  return { samples: samples as readonly Sample[], stop: () => clearInterval(timer) };
}

function sampleOf(seconds: number, master: number, worker: number, old: readonly number[]): Sample {
  const living = old.filter(isThere);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    ...{ seconds: Math.round(seconds * 10) / 10, master, worker, old: living },
    masterKilobytes: proportional(master),
    workerKilobytes: proportional(worker),
    oldKilobytes: sum(living.map(proportional)),
    workerDescriptors: descriptors(worker),
    descriptors: sum([master, worker, ...living].map(descriptors)),
    workerResidentKilobytes: field(readFileSync(`/proc/${worker}/status`, 'utf8'), 'VmRSS'),
  };
}

const isThere = (pid: number): boolean => {
  try {
    return descriptors(pid) > 0;
  } catch {
    return false;
  }
};

const proportional = (pid: number): number => field(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss');
const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const field = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);

/** When another worker began to serve. */
export const workerChanges = (samples: readonly Sample[]): readonly number[] =>
  samples
    .filter(({ worker }, index) => index > 0 && samples[index - 1]?.worker !== worker)
    .map(({ seconds }) => seconds);
