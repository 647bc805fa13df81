import { setTimeout as sleep } from 'node:timers/promises';

import type { Handlers } from '../../local/api/api';
import { newQueue, receiveMessages, sendMessage } from '../../local/events/sqs';
import type { Processes } from '../../real/processes';
import { playFleet } from './fleet';
import { startReconcile } from './invoked';

const [eventCount, burstMs, readMs] = [1_000, 3_000, 900];

export type Burst = {
  readonly events: number;
  readonly batches: number;
  readonly fullReads: number;
  readonly lastsMs: number;
};

/**
 * 100 tasks get a stop order in three seconds, and ECS sends ten events about each. The packaged reconcile takes them from the played queue
 * in batches of ten. A read of ECS takes 0.9 s, as AWS's delays make it; the shorter it is, the more reads fit into three seconds.
 */
export async function burstOf(processes: Processes): Promise<Burst> {
  const fleet = playFleet({ tasks: 200, services: 4, hosts: 20 });
  const reconcile = await startReconcile(processes, slowed(fleet.handlers));
  try {
    await reconcile.invoke([JSON.stringify({ source: 'sluice.tick', id: '1' })]);
    const [before, began] = [reconcile.api.calls.length, performance.now()];
    const batches = await empty(reconcile.invoke, (index) => fleet.stop(Math.floor(index / 10)), began);
    const reads = reconcile.api.calls.slice(before).filter(({ action }) => action === 'ecs:ListTasks');
    // 200 tasks are two pages.
    return { events: eventCount, batches, fullReads: reads.length / 2, lastsMs: performance.now() - began };
  } finally {
    await reconcile.stop();
  }
}

const slowed = (handlers: Handlers): Handlers => ({
  ...handlers,
  'ecs:ListTasks': async (input: never) => {
    await sleep(readMs / 3);
    return handlers['ecs:ListTasks']?.(input);
  },
  'ecs:DescribeTasks': async (input: never) => {
    await sleep(readMs / 3);
    return handlers['ecs:DescribeTasks']?.(input);
  },
});

/** Sends the events over time, and takes them in batches until none is left. */
async function empty(
  invoke: (bodies: readonly string[]) => Promise<unknown>,
  body: (index: number) => string,
  began: number,
): Promise<number> {
  const queue = newQueue({ QueueName: 'reconcile.fifo' });
  let [sent, batches] = [0, 0];
  while (sent < eventCount || queue.messages.length > 0) {
    const due = Math.min(eventCount, Math.ceil(((performance.now() - began) / burstMs) * eventCount));
    for (; sent < due; sent++) {
      const more = { MessageGroupId: 'reconcile', MessageDeduplicationId: String(sent) };
      sendMessage(queue, { MessageBody: body(sent), ...more }, Date.now());
    }
    const taken = receiveMessages(queue, Date.now());
    if (taken.length === 0) await sleep(5);
    else batches += 1;
    if (taken.length > 0) await invoke(taken.map((message) => message.body));
    queue.messages = queue.messages.filter((message) => !taken.includes(message));
  }
  return batches;
}
