import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** The machine that measured, without its name: processor, memory, system. */
export function machine(): string {
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? 'unknown processor'}, ${gibibytes} GiB; ${system()}, Linux ${/^[\d.]+/.exec(release())?.[0]}, Node.js ${process.versions.node}`;
}

/** From os-release(5). */
function system(): string {
  try {
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown system';
  } catch {
    return 'unknown system';
  }
}
