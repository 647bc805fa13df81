import { challengeDns } from '../../../lib/certificates/challenges/dns';
import { locate } from '../../../lib/certificates/challenges/locate';
import type { Answer } from '../../../lib/certificates/challenges/record-sets';

const answer: Answer = { zone: 'Z1', name: '_acme-challenge.example.com', value: 'v' };

/** One zone, whose name servers are asked as often as there are answers; the last is given on. */
function stage(...shown: (boolean | Error)[]) {
  let asked = 0;
  const dns = challengeDns({
    zones: {
      read: async (id) => ({ id, name: 'example.com', isPrivate: false, nameServers: ['ns.example.com'] }),
      readText: async () => undefined,
      readCname: async () => undefined,
      delegates: async () => false,
      change: async () => 'C1',
      isInSync: async () => true,
    },
    zoneIds: ['Z1'],
    resolve: {
      cname: async () => undefined,
      isShown: async () => {
        const now = shown[Math.min(asked++, shown.length - 1)];
        if (now instanceof Error) throw now;
        return now === true;
      },
    },
    journal: { read: async () => [], write: async () => {} },
    run: { pause: async () => {} },
    notice: () => {},
  });
  return { dns, asked: () => asked };
}

it('a resolver that fails for a moment fails no challenge', async () => {
  const { dns, asked } = stage(new Error('Asking DNS: ESERVFAIL'), false, true);
  expect([...(await dns.show([answer]))]).toStrictEqual([]);
  expect(asked()).toBe(3);
});

it('a resolver that fails for minutes is reported in its own words', async () => {
  const { dns } = stage(false, new Error('Asking DNS: ESERVFAIL'));
  expect([...(await dns.show([answer]))]).toStrictEqual([[answer, new Error('Asking DNS: ESERVFAIL')]]);
});

it('CNAMEs that lead in a circle are reported, and not followed for ever', async () => {
  const zones = new Map([['Z1', { id: 'Z1', name: 'example.com', isPrivate: false, nameServers: [] }]]);
  const located = locate(answer.name, {
    zones: { readCname: async () => 'a.example.com', delegates: async () => false },
    resolve: { cname: async () => undefined },
    readZones: async () => ({ zones, faults: [] }),
  });

  await expect(located).rejects.toThrow('make a chain without end, now at a.example.com; correct them');
});
