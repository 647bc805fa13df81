// `node scripts/follow-readme.cjs [--here]`: follows README from a fresh clone, command by command, in one shell, as far as no account
// is needed. `--here`: this clone is the fresh one, as in CI.
// FOLLOW_NPM_TEST='npm test -- …' runs `npm test` with more arguments, and so on for each command.
const { spawnSync } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const { commands } = require('./documented.cjs');

const root = join(__dirname, '..');
const clone = 'git clone <this repository> sluice && cd sluice';

/** Commands as a person types them: with the repository's name, and a demo that ends. */
const byPerson = (here) => ({
  [clone]: here ? `cd ${quoted(root)}` : `git clone --quiet ${quoted(root)} sluice && cd sluice`,
  'npm run demo': 'npm run demo -- --once',
});

const quoted = (path) => `'${path.replaceAll("'", "'\\''")}'`;

/** Returns the longer command that the environment names. @throws when it is another command. */
function lengthened(command) {
  const name = `FOLLOW_${command.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`;
  const longer = process.env[name] ?? command;
  if (!longer.startsWith(command)) throw new Error(`${name} must begin with "${command}", as README has it`);
  return longer;
}

/** Returns the exit code. */
function follow(here) {
  const settings = join(root, 'settings.yml');
  if (here && existsSync(settings)) throw new Error(`${settings} is there already, so this is not a fresh clone`);
  const cwd = here ? root : mkdtempSync(join(tmpdir(), 'sluice-readme-'));
  const person = byPerson(here);
  const lines = commands(readFileSync(join(root, 'README.md'), 'utf8'), 'sh').flatMap((command) => {
    const run = lengthened(command);
    return [`printf '\\n\\033[1m$ %s\\033[0m\\n' ${quoted(run)}`, run === command ? (person[command] ?? command) : run];
  });
  try {
    const script = ['set -euo pipefail', ...lines].join('\n');
    return spawnSync('bash', ['-c', script], { cwd, stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(here ? settings : cwd, { recursive: true, force: true });
  }
}

process.exitCode = follow(process.argv.includes('--here'));
