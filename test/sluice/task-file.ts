import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sluice } from './console';

export const cwd = mkdtempSync(join(tmpdir(), 'sluice-labels-'));
mkdirSync(join(cwd, 'folder'));
afterAll(() => rmSync(cwd, { recursive: true }));

/** Checks a file without an account: a call of AWS would be an error. */
export async function check(content: unknown, ...args: readonly string[]) {
  writeFileSync(join(cwd, 'task.json'), typeof content === 'string' ? content : JSON.stringify(content));
  const config = () => {
    throw new Error('AWS was asked');
  };
  return sluice(['labels', 'task.json', '--stage', 'prod', ...args], { cwd, config });
}

export const web = {
  ...{ name: 'web', image: 'shop:1', memory: 64, portMappings: [{ containerPort: 80, hostPort: 0 }] },
  dockerLabels: { 'haproxy.host': 'shop.example.com, www.example.com', 'haproxy.check': '/up' },
};
export const preStop = { name: 'pre-stop', memory: 8, dependsOn: [{ containerName: 'web', condition: 'START' }] };
/** A definition without a fault, and with nothing to look at. */
export const shop = {
  ...{ family: 'shop', networkMode: 'bridge', runtimePlatform: { cpuArchitecture: 'ARM64' } },
  containerDefinitions: [web, preStop],
};
