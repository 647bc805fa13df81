import { createJournal } from '../../scripts/demo/journal';
import type { Moment } from '../../scripts/local/world';

const moment = (rest: Partial<Moment>): Moment => ({
  at: 1,
  kind: 'output',
  text: '',
  service: 'hello-world',
  ...rest,
});

describe('createJournal', () => {
  it('remembers which tasks began a request, and not what else they print', () => {
    const journal = createJournal('hello-world', 0);

    journal.addMoment(moment({ text: 'began r7', task: 'aaaa' }));
    journal.addMoment(moment({ text: 'began r7', task: 'bbbb' }));
    journal.addMoment(moment({ text: 'listening', task: 'aaaa' }));

    expect([...journal.facts().began]).toStrictEqual([['r7', ['aaaa', 'bbbb']]]);
    expect(journal.moments).toStrictEqual([]);
  });

  it('remembers when a task of its own service closed its door', () => {
    const journal = createJournal('hello-world', 0);
    const order = moment({ kind: 'stop-ordered', task: 'aaaa', at: 5 });

    journal.addMoment(order);
    journal.addMoment(moment({ text: 'closed its door', task: 'aaaa', at: 7 }));
    journal.addMoment({ ...order, service: 'worker', task: 'wwww' });
    journal.addMoment(moment({ text: 'closed its door', task: 'wwww', at: 7, service: 'worker' }));

    expect([...(journal.facts().closed ?? [])]).toStrictEqual([['aaaa', 7]]);
    expect(journal.moments).toStrictEqual([order]);
  });

  it('keeps the moments of its own service', () => {
    const journal = createJournal('hello-world', 0);
    const died = moment({ kind: 'task-died', task: 'aaaa', at: 5 });

    journal.addMoment(died);
    journal.addMoment({ ...died, service: 'worker', task: 'wwww' });

    expect(journal.moments).toStrictEqual([died]);
    expect([...journal.facts().died]).toStrictEqual([['aaaa', 5]]);
  });
});
