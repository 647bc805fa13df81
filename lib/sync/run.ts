import { instance } from './imds';
import { haproxyAt } from './master';
import { readSettings } from './settings';
import { parameterStore } from './ssm';
import { sync } from './sync';

// The program on the instance: `node sync.cjs <generation>`, one at a time (flock). It writes one line of JSON.
const began = Date.now();
const [asked = '0'] = process.argv.slice(2);

run().then(
  (report) => tell({ ...report, milliseconds: Date.now() - began }),
  (error: Error) => {
    tell({ generation: Number(asked), failed: error.message, milliseconds: Date.now() - began });
    process.exitCode = 1;
  },
);

async function run() {
  if (!/^\d{1,10}$/.test(asked))
    throw new Error(`"${asked}" is no generation; give a number, or 0 for whatever is current`);
  const settings = readSettings(process.env);
  const { ssmEndpoint, imdsEndpoint, region, masterSocket, patienceMilliseconds } = settings;
  const parameters = parameterStore(ssmEndpoint, patienceMilliseconds, () =>
    instance(imdsEndpoint, region, patienceMilliseconds),
  );
  return sync(Number(asked), { settings, parameters, haproxy: haproxyAt(masterSocket, patienceMilliseconds) });
}

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
