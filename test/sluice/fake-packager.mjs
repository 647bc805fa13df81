// Stands for the packager: says what plan.json names, writes a template, and ends when there is a file `end`.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const { template = [], says = [], complains = [] } = JSON.parse(readFileSync('plan.json', 'utf8'));
process.on('SIGINT', () => process.exit(130));
mkdirSync('.serverless', { recursive: true });
const Resources = Object.fromEntries(template.map((id) => [id, {}]));
writeFileSync('.serverless/cloudformation-template-update-stack.json', JSON.stringify({ Resources }));
writeFileSync('started', process.argv.slice(2).join(' '));
console.log('Deploying sluice to stage prod (eu-west-2)');
while (!existsSync('end')) await sleep(5);
const code = Number(readFileSync('end', 'utf8'));
for (const each of complains) console.error(each);
if (code === 0)
  console.log(
    '\n✔ Service deployed to stack sluice-prod (112s)\n\nfunctions:\n  reconcile: sluice-prod-reconcile (1 MB)\n',
  );
for (const each of says) console.log(each);
process.exitCode = code;
