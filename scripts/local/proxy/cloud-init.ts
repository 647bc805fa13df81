import type { Machine } from './machine';

type CloudConfig = {
  readonly swap?: object;
  readonly write_files?: readonly { readonly path: string; readonly content: string; readonly permissions?: string }[];
  readonly runcmd?: readonly (readonly string[])[];
};

/**
 * Plays cloud-init at a machine's first boot: it writes files, then runs commands, whose output is on the console (cloud-init:
 * module reference). Swap is left to real machines.
 */
export async function firstBoot(userData: string, machine: Machine): Promise<void> {
  const [header, ...rest] = userData.split('\n');
  if (header !== '#cloud-config')
    throw new Error(`user data begins with ${header}: the local world plays #cloud-config only`);
  const { swap: _, write_files: files = [], runcmd = [], ...unknown } = JSON.parse(rest.join('\n')) as CloudConfig;
  const strange = Object.keys(unknown);
  if (strange.length > 0) throw new Error(`the local world does not play cloud-init's ${strange.join(', ')}`);

  for (const { path, content, permissions = '0644' } of files) {
    machine.store(path, content, Number.parseInt(permissions, 8));
  }
  for (const command of runcmd) {
    const { code } = await machine.launch(command.map(machine.located), {}, machine.write).exited;
    if (code !== 0) machine.write(`cloud-init: ${command.join(' ')} ended with ${code}`);
  }
}
