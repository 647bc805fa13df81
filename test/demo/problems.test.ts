import type { Facts } from '../../scripts/demo/measure';
import { certificateProblems, problems, reservations } from '../../scripts/demo/problems';
import type { Visit } from '../../scripts/demo/visit';

const facts: Facts = { empty: [], died: new Map(), closed: new Map(), began: new Map() };
const visit = (rest: Partial<Visit>): Visit => ({
  id: 'r7',
  kind: 'kept',
  method: 'GET',
  start: 12_400,
  end: 12_412,
  status: 200,
  ...rest,
});

describe('problems', () => {
  it('finds none in a good run', () => {
    expect(problems({ moments: [], visits: [visit({ task: 'aaaa1' })], facts }, ['worker1'], 0)).toStrictEqual([]);
  });

  it('describes the first failure of each kind, and counts the others', () => {
    const visits = [
      visit({ status: 503, method: 'POST' }),
      visit({ status: 503 }),
      visit({ status: 503 }),
      visit({ error: 'socket hang up', kind: 'slow' }),
    ];
    const began = new Map([['r7', ['aaaa1']]]);

    expect(problems({ moments: [], visits, facts: { ...facts, began } }, [], 0)).toStrictEqual([
      'failed: 12.4s r7, a kept POST: status 503, after 12 ms, from the proxy, begun by aaaa, and 2 more like it',
      'failed: 12.4s r7, a slow GET: socket hang up, after 12 ms, from the proxy, begun by aaaa',
    ]);
  });

  it('finds an answer of a task that others have', () => {
    const visits = [visit({ task: 'worker1' })];

    expect(problems({ moments: [], visits, facts }, ['worker1'], 0)).toStrictEqual([
      '1 requests were answered by a task of another service',
    ]);
  });

  it('finds a POST that two tasks began, even when it was answered', () => {
    const began = new Map([['r7', ['aaaa1', 'bbbb1']]]);
    const visits = [visit({ method: 'POST' })];

    expect(problems({ moments: [], visits, facts: { ...facts, began } }, [], 0)).toStrictEqual([
      '1 POSTs ran more than once, r7 for one',
    ]);
  });
});

describe('certificateProblems', () => {
  const good = {
    issuer: 'CN=CA',
    serials: ['A', 'B'],
    requests: [9, 1],
    servedSerial: 'B',
    reloads: 0,
    reloadsAtFirst: 1,
  };

  it('finds none where the renewed one is served without a reload', () => {
    expect(certificateProblems(good)).toStrictEqual([]);
  });

  it('finds a renewal that reloaded, and one that is not served in the end', () => {
    expect(certificateProblems({ ...good, reloads: 1, servedSerial: 'A' })).toStrictEqual([
      'HAProxy was reloaded 1 times by the renewal',
      'serial B was stored last, but A is served',
    ]);
  });

  it('finds a renewed one that no visitor was shown', () => {
    expect(certificateProblems({ ...good, requests: [9, 0] })).toStrictEqual(['no visitor was shown serial B']);
  });
});

describe('reservations', () => {
  it('counts apart what no task had begun', () => {
    const began = new Map([['r8', ['aaaa1']]]);
    const died = new Map([['aaaa1', 12_405]]);
    const visits = [visit({ method: 'POST', status: 502 }), visit({ id: 'r8', method: 'POST', status: 502 })];

    expect(reservations({ moments: [], visits, facts: { ...facts, began, died } })).toStrictEqual([
      '1 of these lay in its socket unread: it had not said that it began them.',
    ]);
    expect(reservations({ moments: [], visits: [visit({})], facts })).toStrictEqual([]);
  });
});
