import type { Message } from '../../lib/reconcile';
import { type Agenda, second } from './agenda';
import type { Run } from './run';

/** AWS: SQS takes a message to the dead letters when it was received this often; resources/events.yml. */
const maxReceives = 5;
const batch = 10;

/** SQS FIFO with one group: messages in order, and none while others are being worked on or waited for. */
export function newQueue(agenda: Agenda, work: (messages: readonly Message[]) => Promise<Run>) {
  let waiting: { body: string; receives: number }[] = [];
  let closedUntil = 0;
  let polling = false;

  const poll = async (): Promise<void> => {
    polling = false;
    waiting = waiting.filter(({ receives }) => receives < maxReceives);
    const taken = waiting.slice(0, batch);
    if (taken.length === 0) return;
    for (const message of taken) message.receives++;
    const { ended, backAfter } = await work(taken.map((message) => ({ ...message })));
    if (ended === 'done') waiting = waiting.filter((message) => !taken.includes(message));
    else closedUntil = agenda.now + backAfter * second;
    ask();
  };
  const ask = (): void => {
    if (polling || waiting.length === 0) return;
    polling = true;
    agenda.in(Math.max(0, closedUntil - agenda.now), poll);
  };
  return {
    isEmpty: (): boolean => waiting.length === 0,
    send: (body: string): void => {
      waiting.push({ body, receives: 0 });
      ask();
    },
  };
}
