import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { matches } from '../../scripts/local/events/pattern';
import { readStack } from '../../scripts/local/package/stack';
import { packaged } from '../../scripts/real/package';

it('takes the packaged rules for what they are: a stop order matters, a pending task and another cluster do not', async () => {
  const { rules } = readStack(await packaged(), 'http://127.0.0.1');
  const event = JSON.parse(readFileSync(join(__dirname, 'ecs-task.json'), 'utf8'));
  const isMatched = (change: object) =>
    rules.some(({ EventPattern }) => matches(EventPattern, { ...event, ...change }));
  const wakes = (detail: object) => isMatched({ detail: { ...event.detail, ...detail } });

  expect([{}, { desiredStatus: 'STOPPED', lastStatus: 'PENDING' }].map(wakes)).toStrictEqual([true, true]);
  const other = { clusterArn: `${event.detail.clusterArn}-other` };
  expect([{ lastStatus: 'PENDING' }, other].map(wakes)).toStrictEqual([false, false]);
  expect([{ source: 'aws.batch' }, { detail: undefined }].map(isMatched)).toStrictEqual([false, false]);
});
