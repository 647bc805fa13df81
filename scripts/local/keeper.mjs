// Outlives the local world by a moment: when its stdin closes, however that came about, it ends every process
// group it was told of and removes the folder. So even a SIGKILL of the world leaves nothing running.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const groups = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
createInterface({ input: process.stdin })
  .on('line', (line) => (line[0] === '+' ? groups.add(Number(line.slice(1))) : groups.delete(Number(line.slice(1)))))
  .on('close', () => {
    for (const group of groups) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    rmSync(process.argv[2], { recursive: true, force: true, maxRetries: 5 });
  });
