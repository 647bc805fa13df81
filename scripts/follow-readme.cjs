// `node scripts/follow-readme.cjs [--here]`: follows README from a fresh clone, command by command, as far as no account is needed, and
// checks after each that it did what README says. `--here`: this clone is the fresh one, as in CI.
// FOLLOW_NPM_TEST='npm test -- …' runs `npm test` with more arguments, and so on for each command.
const { spawnSync } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { commands } = require('./documented.cjs');

const root = join(__dirname, '..');
const clone = 'git clone <this repository> sluice && cd sluice';

/** How it is seen that a command did what README says: words that it prints, and a file that is there afterwards. */
const promised = {
  'npm run setup': { makes: 'node_modules/.bin/sluice' },
  'npm run demo': { says: /none failed/ },
  'npx sluice init --domain example.com --hosted-zone-id Z0123456789ABCDEFGHIJ --email me@example.com --accept-terms --yes':
    { says: /\$\d+\.\d\d[\s\S]*^Wrote settings\.yml/m, makes: 'settings.yml' },
  'npx sluice cost': { says: /^load balancer [\s\S]*^the entrance alone /m },
  'npm run package': {
    says: / resources,\s+in \.serverless/,
    makes: '.serverless/cloudformation-template-update-stack.json',
  },
  'npm test': { says: /^Tests: (?!.*failed).* passed/m },
};

/** Why a command did not do what README says of it. */
function fault(command, cwd, { status, said }) {
  const { says, makes } = promised[command];
  if (status !== 0) return `ended with exit code ${status}`;
  if (says && !says.test(said)) return `printed nothing like ${says}`;
  return makes && !existsSync(join(cwd, makes)) ? `left no ${makes}` : undefined;
}

/** Runs a command as a person types it (npx with the Node.js that README asks for), and returns its exit code and what it printed. */
function run(command, cwd, log) {
  console.log(`\n\x1b[1m$ ${command}\x1b[0m`);
  const path = command.startsWith('npx sluice')
    ? 'PATH="$(echo node_modules/.cache/node-*/node_modules/node/bin):$PATH"; '
    : '';
  const script = `set -o pipefail; ${path}{ ${command}\n} 2>&1 | tee ${quoted(log)}`;
  const { status } = spawnSync('bash', ['-c', script], { cwd, stdio: 'inherit' });
  return { status: status ?? 1, said: readFileSync(log, 'utf8') };
}

const quoted = (path) => `'${path.replaceAll("'", "'\\''")}'`;

/** Returns the longer command that the environment names. @throws when it is another command. */
function lengthened(command) {
  const name = `FOLLOW_${command.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`;
  // A demo that ends.
  const longer = process.env[name] ?? (command === 'npm run demo' ? `${command} -- --once` : command);
  if (!longer.startsWith(command)) throw new Error(`${name} must begin with "${command}", as README has it`);
  return longer;
}

/** Returns the first fault, if there is one. */
function follow(here, folder) {
  const settings = join(root, 'settings.yml');
  if (here && existsSync(settings)) throw new Error(`${settings} is there already, so this is not a fresh clone`);
  const cwd = here ? root : join(folder, 'sluice');
  if (!here) run(`git clone --quiet ${quoted(root)} sluice`, folder, join(folder, 'log'));
  for (const command of commands(readFileSync(join(cwd, 'README.md'), 'utf8'), 'sh')) {
    if (command === clone) continue;
    if (!(command in promised)) return `${command}: scripts/follow-readme.cjs does not say what README promises of it`;
    const found = fault(command, cwd, run(lengthened(command), cwd, join(folder, 'log')));
    if (found) return `${command}: ${found}`;
  }
  return undefined;
}

const here = process.argv.includes('--here');
const folder = mkdtempSync(join(tmpdir(), 'sluice-readme-'));
try {
  const found = follow(here, folder);
  if (found) console.error(`\nREADME does not hold: ${found}`);
  process.exitCode = found ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
  if (here) rmSync(join(root, 'settings.yml'), { force: true });
}
