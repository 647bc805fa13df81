import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { deleteMessage, newQueue, type Queue, receiveMessages, sendMessage } from '../../scripts/local/events/sqs';
import { type Agenda, newAgenda, second } from './agenda';
import { spotWarning, taskEvent } from './answers';
import { Cluster, type Instance, type Task } from './cluster';
import { Reconciler } from './function';
import { Laws } from './laws';
import { Haproxy } from './proxy';
import type { Pace } from './scheduler';
import { newStore } from './store';
import { type Delivery, newSyncs } from './syncs';

/** What a history sets once. */
export type Circumstances = {
  readonly pace: Pace;
  /** Per event, in turn: the seconds after which it arrives, each time it does. */
  readonly events: readonly (readonly number[])[];
  readonly nudges: readonly Delivery[];
};

const tickEvery = 300 * second;
const template = readFileSync(join(__dirname, '../../resources/events.yml'), 'utf8');
const fromTemplate = (name: string): number => Number(new RegExp(`${name}: (\\d+)`).exec(template)?.[1]);

/** ECS, the queue, the function, Parameter Store and the proxy, with one clock. */
export class World {
  readonly agenda: Agenda;
  readonly cluster: Cluster;
  readonly store = newStore(() => this.agenda.now);
  readonly proxy: Haproxy;
  readonly queue: Queue = newQueue({
    QueueName: 'reconcile.fifo',
    VisibilityTimeout: fromTemplate('VisibilityTimeout'),
    RedrivePolicy: { maxReceiveCount: fromTemplate('maxReceiveCount') },
  });
  readonly reconciler: Reconciler;
  readonly pace: Pace;
  readonly sent = { events: 0, nudges: 0, ticks: 0, messages: 0, last: [] as string[] };
  /** `calm`: faults are over, and everything arrives at once. */
  readonly weather = { calm: false, ticking: true, forgetful: false };
  private readonly laws: Laws;
  private readonly events: Circumstances['events'];
  private isPolling = false;

  constructor({ pace, events, nudges }: Circumstances) {
    this.agenda = newAgenda(() => {
      this.proxy.check();
      this.laws.moment();
    });
    this.cluster = new Cluster(this.agenda, (task) => this.emit(task));
    this.proxy = new Haproxy(this.agenda, () => this.cluster.answering());
    this.laws = new Laws(this);
    const syncs = newSyncs(this.agenda, this.proxy, {
      newest: () => ({ number: this.store.number(), files: this.store.generation(this.store.number()).files }),
      eachStep: () => this.laws.moment(),
      applied: (number) => this.laws.applied(number),
    });
    const { agenda, cluster, store, queue } = this;
    const nudged = (): void => {
      const delivery = nudges[this.sent.nudges++ % nudges.length];
      syncs.order(this.weather.calm || delivery === undefined ? { delays: [2] } : delivery);
    };
    this.reconciler = new Reconciler({ agenda, cluster, store, queue, nudged });
    [this.pace, this.events] = [pace, events];
    this.agenda.in(tickEvery / 2, () => this.tick());
  }

  /** Every fourth history also checks that nothing follows from nothing; that takes four runs more. */
  get isThorough(): boolean {
    return this.events.length % 4 === 0;
  }

  /** Something may arrive hours after it happened. */
  get isLate(): boolean {
    return this.events.flat().some((delay) => delay > 300);
  }

  warn(instance: Instance): void {
    this.deliver(spotWarning(instance, this.agenda.now));
  }

  /** Each message has an id of its own: SQS would drop a repeat, and the function must bear one. */
  send(body: string): void {
    const id = String(++this.sent.messages);
    sendMessage(this.queue, { MessageBody: body, MessageGroupId: 'g', MessageDeduplicationId: id }, this.agenda.now);
    this.poll();
  }

  private emit(task: Task): void {
    if (task.lastStatus === 'RUNNING' || task.desiredStatus === 'STOPPED')
      this.deliver(taskEvent(task, this.agenda.now));
  }

  private get clock(): number {
    return this.agenda.now;
  }

  private deliver(body: string): void {
    if (/Task State Change/.test(body)) this.sent.last = [body];
    const delays = this.weather.calm ? [0] : (this.events[this.sent.events++ % this.events.length] ?? [0]);
    for (const delay of delays) this.agenda.in(delay * second, () => this.send(body));
  }

  private tick(): void {
    if (this.weather.ticking) this.send(`{"source":"sluice.tick","id":"${++this.sent.ticks}"}`);
    this.agenda.in(tickEvery, () => this.tick());
  }

  /** Receives as soon as no message of the group is in flight. */
  private poll(): void {
    if (this.isPolling || this.queue.messages.length === 0) return;
    this.isPolling = true;
    this.agenda.in(this.blockedFor(), async () => {
      this.isPolling = false;
      await this.work();
      this.poll();
    });
  }

  private async work(): Promise<void> {
    const taken = receiveMessages(this.queue, this.clock);
    if (taken.length === 0) return;
    const before = this.store.number();
    if (this.weather.forgetful) this.reconciler.forget();
    const run = await this.reconciler.run(taken);
    if (run.ended === 'done') for (const { handle = '' } of taken) deleteMessage(this.queue, handle, this.clock);
    this.laws.published(run, before, this.blockedFor() / second);
  }

  private blockedFor(): number {
    const until = this.queue.messages.map(({ invisibleUntil }) => invisibleUntil);
    return Math.max(0, ...until.map((time) => time - this.clock));
  }
}
