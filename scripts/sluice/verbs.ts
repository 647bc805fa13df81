import { costOptions } from '../cost/options';
import type { Verb } from './verb';

const reads = 'docs/status-policy.json';
const deploys = 'docs/deploy-policy.json';

/** All verbs, in the order in which a new user meets them. */
export const verbs: readonly Verb[] = [
  {
    usage: 'init',
    summary: 'asks a few questions, shows the price, writes settings.yml',
    options: [
      ['--domain <domain>', 'the domain, in a hosted zone of Route 53'],
      ['--hosted-zone-id <id>', 'its hosted zone; by default the one of this name in the account'],
      ['--region <region>', 'the region of AWS'],
      ['--email <address>', 'where alarms go'],
      ['--size <type>', 'the instance type of the proxies'],
      ['--accept-terms', 'accept the terms of the certificate authority'],
      ['--yes', 'ask nothing: what is not given has its default'],
      ['--force', 'replace a settings.yml that is there'],
    ],
    policy: deploys,
    examples: [
      ['', 'asks'],
      [
        '--domain example.com --hosted-zone-id Z0123456789ABCDEFGHIJ --email me@example.com --accept-terms --yes',
        'asks nothing',
      ],
    ],
    load: () => import('./init/init'),
  },
  {
    usage: 'check',
    summary: 'lists what would stop a deploy; changes nothing',
    isOfStage: true,
    policy: deploys,
    examples: [['--stage prod', 'checks settings, hosted zone, records, quotas and what is there already']],
    load: () => import('./deploy/check'),
  },
  {
    usage: 'deploy',
    summary: 'creates or updates the stage, and shows how far it is',
    options: [
      ['--wait', 'also wait until the certificate is served'],
      ['--force', 'deploy even if nothing changed, or though DNS differs from what this machine sees'],
    ],
    isOfStage: true,
    policy: deploys,
    examples: [
      ['--stage prod', 'takes about ten minutes the first time'],
      ['--stage prod --wait', 'ends when the certificate is served'],
    ],
    load: () => import('./deploy/deploy'),
  },
  {
    usage: 'status',
    summary: 'checks services, proxies, certificates; says what to do',
    options: [['--watch', 'look again every ten seconds, until Ctrl-C']],
    hasJson: true,
    isOfStage: true,
    policy: reads,
    examples: [
      ['--stage prod', 'one line for each check'],
      ['--stage prod --watch', 'the same, drawn anew'],
      ['--stage prod --json', 'one JSON object: {stage, region, ok, checks}'],
    ],
    load: () => import('./status/run'),
  },
  {
    usage: 'explain <url>',
    summary: 'says which service would answer, or why none does',
    hasJson: true,
    isOfStage: true,
    policy: reads,
    examples: [
      [
        'https://shop.example.com/cart --stage prod',
        'says which route, service and tasks would answer; sends no request',
      ],
    ],
    load: () => import('./explain/explain'),
  },
  {
    usage: 'plan',
    summary: 'says what the next run would change, and why',
    hasJson: true,
    isOfStage: true,
    policy: reads,
    examples: [['--stage prod', 'compares what ECS runs with what is published; changes nothing']],
    load: () => import('./plan/plan'),
  },
  {
    usage: 'labels <file>',
    summary: 'checks a task definition before it is deployed',
    hasJson: true,
    isOfStage: true,
    policy: reads,
    examples: [
      ['taskdef.json', 'a JSON file; needs no account'],
      ['shop:12 --stage prod', 'reads revision 12 of family shop from ECS'],
    ],
    load: () => import('./labels/labels'),
  },
  {
    usage: 'history',
    summary: 'lists what was published when, and why',
    options: [['--count <number>', 'how many generations', '20']],
    hasJson: true,
    isOfStage: true,
    policy: reads,
    examples: [['--stage prod', 'the newest first']],
    load: () => import('./history/history'),
  },
  {
    usage: 'replace <slot>',
    summary: 'replaces the instance of one proxy',
    options: [['--yes', 'ask nothing']],
    isOfStage: true,
    policy: 'docs/replace-policy.json',
    examples: [['1 --stage prod', 'the new instance serves before the old one goes; follows both']],
    load: () => import('./replace/replace'),
  },
  {
    usage: 'cost',
    summary: 'calculates what a month of your settings costs',
    options: costOptions,
    hasJson: true,
    isOfStage: true,
    examples: [
      ['--stage prod', 'of the settings of stage prod, or of the defaults if there are no settings'],
      ['--proxies 2 --gb-out 500', 'with two proxies and more visitors'],
      ['--scenario Sluice', 'each line with its quantity, its price and where that is from'],
    ],
    load: () => import('./cost'),
  },
  {
    usage: 'demo',
    summary: 'runs everything on this machine, without an account',
    handsOn: true,
    examples: [['', 'the same as `npm run demo`']],
    load: () => import('./demo'),
  },
  {
    usage: 'remove',
    summary: 'removes the stage and all of it that costs money',
    options: [['--yes', 'ask nothing']],
    isOfStage: true,
    policy: deploys,
    examples: [['--stage dev', 'asks for the name of the stage first']],
    load: () => import('./deploy/remove'),
  },
];
