import { wrapped } from '../../terminal/wrap';
import { settled } from '../cost';
import { priceOfMonth } from '../price';
import type { Deps, Run } from '../verb';
import { type World, worldOf } from './world';

type Found = {
  readonly faults: readonly string[];
  readonly unseen: readonly string[];
  readonly hints: readonly string[];
};
const { check } = require('../../../resources/preflight/deploy.cjs') as { check: (world: World) => Promise<Found> };

export const run: Run = async (given, deps) => {
  const { terminal } = deps;
  const world = await worldOf(given, deps);
  terminal.progress(`Checking stage ${given.stage} in ${given.region} …`);
  const found = await check(world);
  terminal.progress('');
  const lines = [
    ...found.faults.map((each) => line(deps, ['red', 'STOPS  '], each)),
    ...found.unseen.map((each) => line(deps, ['yellow', 'unseen '], each.replace(/^not checked: /, ''))),
    ...found.hints.map((each) => line(deps, ['yellow', 'hint   '], each)),
  ];
  const last = [
    `${verdict(found, world)} ${what(world)}`,
    priceOfMonth({ ...settled(world.settings), region: given.region }),
  ];
  terminal.say([...lines, ...last.map((each) => wrapped(each, terminal.columns, 0))].join('\n'));
  return found.faults.length + found.unseen.length > 0 ? 1 : 0;
};

const line = ({ terminal }: Deps, [colour, title]: readonly ['red' | 'yellow', string], words: string) =>
  `${terminal.paint(colour, title)} ${wrapped(words, terminal.columns, title.length + 1)}`;

function verdict({ faults, unseen }: Found, { stage, region }: World): string {
  if (faults.length > 0) return `${count(faults.length)} would stop a deploy of stage ${stage} in ${region}.`;
  if (unseen.length === 0) return `Nothing stands in the way of a deploy of stage ${stage} in ${region}.`;
  const denied = unseen.some((each) => /you may not/.test(each));
  const next = denied ? 'Give your user the permissions in docs/deploy-policy.json' : 'Wait a minute';
  return `${count(unseen.length)} could not be checked. ${next}, then check again.`;
}

const count = (things: number): string => (things === 1 ? 'One thing' : `${things} things`);

const what = ({ resources, stack }: World): string => {
  if (!(resources instanceof Map)) return '';
  if (resources.size <= 1) return `There is no stack ${stack} yet: a deploy creates it, in about ten minutes.`;
  return `Stack ${stack} has ${resources.size} resources: a deploy changes what differs from the template.`;
};
