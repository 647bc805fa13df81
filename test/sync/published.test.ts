import { X509Certificate } from 'node:crypto';

import type { Installed } from '../../lib/sync/disk/installed';
import { orderAnew, standIn } from '../../lib/sync/pem';
import { fetchWanted, isLate, readCurrent } from '../../lib/sync/published';
import { authority } from '../system/authority';

const prefix = '/sluice/test';
const name = `${prefix}/haproxy/current`;
const generation = { files: [{ name: '00-global.cfg', sha256: 'x'.repeat(43), versions: [1] }], certificates: [] };
const at = (version: number) => ({ name, version, value: JSON.stringify(generation), modified: 7 });

const damaged = (value: string) => ({ ...at(4), value });

/** A Parameter Store that answers each question with the next of its answers, the last one again and again. */
const pointer = (...answers: (ReturnType<typeof at> | undefined)[]) => slowPointer(0, ...answers);

function slowPointer(answerMs: number, ...answers: (ReturnType<typeof at> | undefined)[]) {
  const seen = { waited: 0, passed: 0, asked: new Set<string>() };
  const get = async (selector: string) => {
    seen.asked.add(selector);
    seen.passed += answerMs;
    return answers.length > 1 ? answers.shift() : answers[0];
  };
  const pause = async (milliseconds: number) => {
    seen.waited += milliseconds;
    seen.passed += milliseconds;
  };
  return { parameters: { get }, prefix, patienceMilliseconds: 5_000, pause, clock: () => seen.passed, seen };
}

describe('the pointer', () => {
  it.each([
    ['is taken at once when it is the asked generation', [at(4)], 4, 0],
    ['is taken at once when it is a later one', [at(5)], 5, 0],
    ['is asked again while Parameter Store answers with what was before', [undefined, at(3), at(4)], 4, 1_000],
  ])('%s', async (_, answers, number, waited) => {
    const source = pointer(...answers);
    expect(await readCurrent(source, 4)).toStrictEqual({ number, modified: 7, generation });
    expect(source.seen.waited).toBe(waited);
  });

  it('is waited for by the clock, also where Parameter Store answers slowly: Run Command ends a sync after 90 s', async () => {
    const [source, late] = [slowPointer(4_000, at(3)), slowPointer(4_000, undefined)];

    await expect(readCurrent(source, 4)).rejects.toThrow('is still at 3');
    await isLate(late, { number: 4, modified: 7, generation }, { number: 9, modified: 70 });
    expect([source.seen.passed, late.seen.passed]).toStrictEqual([8_500, 8_500]);
  });

  it('may be missing at boot', async () => {
    expect(await readCurrent(pointer(undefined), 0)).toBeUndefined();
  });

  it.each<[string, ReturnType<typeof at> | undefined, string]>([
    ['it stays older than asked', at(3), `asked for generation 4, but ${name} is still at 3`],
    ['it should exist and does not', undefined, `${name} does not exist`],
    ['it is empty', damaged(''), `${name}:4 is damaged`],
    ['it is no object', damaged('[]'), `${name}:4 is damaged`],
    ['it is null', damaged('null'), `${name}:4 is damaged`],
    ['it has no list', damaged('{"files":7,"certificates":[]}'), `${name}:4 is damaged`],
    ['a name leads away', damaged('{"files":[{"name":"../../etc/passwd"}],"certificates":[]}'), `${name}:4 is damaged`],
  ])('is an error when %s', async (_, answer, words) => {
    await expect(readCurrent(pointer(answer), 4)).rejects.toThrow(words);
  });
});

describe('a pointer older than what is installed', () => {
  const installed = { number: 9, modified: 70 };
  const older = { number: 4, modified: 7, generation };
  const gone = (times: number) => Array.from({ length: times }, () => undefined);

  it.each([
    ['is late when the installed version was published', older, [at(9)], true, 0],
    ['is late when that shows a moment later', older, [...gone(3), at(9)], true, 1_500],
    ['counts when the installed version was never published, but edited by hand', older, gone(1), false, 5_000],
    ['is none of the same number', { ...older, number: 9 }, [at(9)], false, 0],
    ['is none of a later number', { ...older, number: 10 }, [at(9)], false, 0],
    ['counts when it was created again, from 1 but younger', { ...older, number: 1, modified: 71 }, [at(9)], false, 0],
  ])('%s', async (_, current, answers, expected, waited) => {
    const source = pointer(...answers);
    expect(await isLate(source, current, installed)).toBe(expected);
    expect(source.seen.waited).toBe(waited);
    expect([...source.seen.asked].filter((selector) => selector !== `${name}:9`)).toStrictEqual([]);
  });
});

describe('the certificates of a generation', () => {
  const { key, chain } = authority('ca').issue(['example.com']);
  const certificate = { name: 'example.com', names: ['example.com'], serial: 'A', key: 1, chain: 1 };
  const parts = Object.entries({ 'key:1': key, 'chain:1': chain });
  const stored = new Map(parts.map(([part, text]) => [`${prefix}/certificates/example.com/${part}`, text]));
  const installed: Installed = {
    ...{ number: 1, modified: 1, folder: '/home/1', generation: { files: [], certificates: [] }, files: [] },
    pems: [{ name: standIn, text: 'damaged' }],
  };
  const fetched = (now: number) =>
    fetchWanted(
      {
        parameters: { get: async () => undefined, getAll: async () => stored },
        prefix,
        makeStandIn: () => 'a stand-in',
        now,
      },
      { number: 2, modified: 2, generation: { files: [], certificates: [certificate] } },
      installed,
    );

  it('leave out one whose issuer’s has ended; where there is no other, the stand-in is served', async () => {
    const wanted = await fetched(Date.parse(new X509Certificate(chain).validTo) + 1_000);
    expect(wanted.pems).toStrictEqual([{ name: standIn, text: 'a stand-in' }]);
    expect(wanted.generation.certificates).toStrictEqual([]);
    expect(wanted.faults).toStrictEqual([
      `the stored chain of example.com holds a certificate of CN=ca-1 that has ended; ${orderAnew('example.com')}`,
    ]);
  });
});
