import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const sleeper = ['sh', '-c', "trap '' TERM; sleep 60 & echo $!; wait"];

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const gone = async (pid: number) => {
  for (let n = 0; n < 100 && alive(pid); n++) await sleep(50);
  return !alive(pid);
};

it('leaves nothing even when the world itself is killed without a word', async () => {
  const program = `
    const { processes } = require('${join(__dirname, '../../scripts/real/processes')}');
    const running = processes();
    running.launch(${JSON.stringify(sleeper)}, { environment: {}, onLine: (line) => console.log(line, running.folder) });`;
  const world = spawn(process.execPath, ['--import', 'tsx', '-e', program], { cwd: join(__dirname, '../..') });
  const [line] = (await once(createInterface({ input: world.stdout }), 'line')) as [string];
  const [pid = '', folder = ''] = line.split(' ');
  world.kill('SIGKILL');

  expect(await gone(Number(pid))).toBe(true);
  while (existsSync(folder)) await sleep(50);
});
