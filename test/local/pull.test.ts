import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from '../../scripts/local/proxy/machine';
import { serviceManager } from '../../scripts/local/proxy/systemd';
import { processes as startProcesses } from '../../scripts/real/processes';

const unit = readFileSync(join(__dirname, '../../resources/instance/sluice-pull.service'), 'utf8');
const processes = startProcesses();
const stops: (() => Promise<void>)[] = [processes.stop];
afterAll(() => Promise.all(stops.map((stop) => stop())));

/** Ends with the next of its codes, or hangs. */
const sync = `
const fs = require('node:fs'), path = require('node:path').join(__dirname, 'codes');
const [code, ...rest] = JSON.parse(fs.readFileSync(path, 'utf8'));
fs.writeFileSync(path, JSON.stringify(rest));
if (code === 'hangs') setInterval(() => {}, 1_000);
else process.exit(code);`;

const limitSeconds = 180;

/** The seconds between the starts of the pull unit after a boot, with a sync that ends with these codes in turn. */
async function pausesAfter(...codes: (number | 'hangs')[]): Promise<readonly number[]> {
  const own = await machine(`i-${codes.join('')}`.slice(0, 20), processes, {});
  const pauses: number[] = [];
  let left = codes.length;
  let ended = () => {};
  const start = new Promise<void>((resolve) => {
    ended = resolve;
  });
  // Each pause is over at once; a start that hangs reaches its limit when it has begun.
  const after = (milliseconds: number, run: () => void) => {
    const seconds = Math.round(milliseconds / 1_000);
    if (seconds !== limitSeconds) pauses.push(seconds);
    if (seconds !== limitSeconds) run();
    else if (codes.includes('hangs')) setTimeout(run, 500);
  };
  own.store('/etc/systemd/system/sluice-pull.service', unit, 0o644);
  own.store('/var/lib/sluice/environment', '', 0o600);
  own.store('/var/lib/sluice/sync.cjs', sync, 0o600);
  own.store('/var/lib/sluice/codes', JSON.stringify(codes), 0o600);
  const launch: typeof own.launch = (...words) => {
    const child = own.launch(...words);
    // After the last, a moment in which a further start would show.
    void child.exited.then(() => --left === 0 && setTimeout(ended, 50));
    return child;
  };
  const systemd = await serviceManager({ ...own, launch }, { timers: { after }, say: () => {}, others: {} });
  stops.push(systemd.stop);

  await fetch(systemd.endpoint, { method: 'POST', body: 'enable sluice-pull.service' });
  systemd.boot();
  await start;
  return pauses;
}

describe('the pull after a boot', () => {
  it('is not begun again when all is applied but a certificate: no further start could repair that', async () => {
    expect(await pausesAfter(2)).toStrictEqual([]);
  });

  it('is ended after three minutes if it hangs, and begun again', async () => {
    expect(await pausesAfter('hangs', 0)).toStrictEqual([10]);
  });

  it('is begun again until it succeeds, soon at first and then as often as a tick comes', async () => {
    expect(await pausesAfter(...Array<number>(10).fill(1), 0)).toStrictEqual([
      10, 15, 23, 36, 55, 84, 128, 196, 300, 300,
    ]);
  });
});
