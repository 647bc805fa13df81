import { spawnSync } from 'node:child_process';

import { path } from '../../../real/processes';
import type { Configuration } from '../configurations';
import type { Stand } from '../stand';

/** What a proxy is asked to serve: hosts with two paths each, by these tasks. */
export type Service = {
  readonly hosts: readonly string[];
  /** A path beside `/`. */
  readonly path?: string;
  /** The first one answers. */
  readonly tasks: readonly string[];
};

export type Peer = {
  readonly name: string;
  /** With the release; `undefined` where the binary does not run. */
  readonly version: () => string | undefined;
  /** Why it may not run, and how it is found. */
  readonly absent: string;
  /** How it is configured, and what it does otherwise than Sluice; a sentence. */
  readonly setting: string;
  readonly configuration: (stand: Stand, name: string, service: Service) => Configuration;
};

/** @returns what the binary says about itself, by whatever channel; `undefined` where it does not run */
export function said(binary: string, ...args: readonly string[]): string | undefined {
  const { status, stdout, stderr } = spawnSync(binary, args, { encoding: 'utf8', env: { ...process.env, PATH: path } });
  return status === 0 ? `${stdout}${stderr}` : undefined;
}
