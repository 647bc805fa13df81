import {
  type Certificate,
  pack,
  parseCertificates,
  parseGeneration,
  printGeneration,
  sha256,
  unpack,
} from '../../lib/generation/generation';
import { plan } from '../../lib/generation/plan';

const file = (name: string, text: string) => ({ name, text });
const published = (...files: { name: string; text: string }[]) => ({
  files: files.map(({ name, text }) => ({ name, sha256: sha256(text), versions: [1] })),
  certificates: [],
});
const desired = (...files: { name: string; text: string }[]) => ({ files, certificates: [], doubts: [] });
const certificate: Certificate = { name: 'example.com', names: ['example.com'], serial: '01', key: 1, chain: 1 };

describe('law 1: the plan', () => {
  it('publishes only the files that changed, and says why', () => {
    const before = published(file('a', '1'), file('b', '1'), file('c', '1'));
    expect(plan(before, desired(file('a', '1'), file('b', '2'), file('d', '1')))).toStrictEqual({
      action: 'publish',
      reason: 'changed: b, new: d, gone: c',
      changed: [file('b', '2'), file('d', '1')],
    });
  });

  it('publishes a certificate that was stored', () => {
    const renewed = { ...desired(file('a', '1')), certificates: [certificate] };
    const change = { action: 'publish', reason: 'certificates', changed: [] };
    expect(plan(published(file('a', '1')), renewed)).toStrictEqual(change);
  });

  it('refuses when all it could do is shrink against the count of ECS', () => {
    const doubtful = { ...desired(file('a', '1')), doubts: ['demo/shop'] };
    expect(plan(published(file('a', '1')), doubtful)).toStrictEqual({
      action: 'refuse',
      reason:
        'ECS counts more tasks than it describes with an address of their own for demo/shop, so those that it does not describe stay until its count and its descriptions agree',
    });
  });
});

describe('what is published', () => {
  it.each([
    ['no JSON', '{'],
    ['no files', '{"files":[],"certificates":[]}'],
    ['a hash of another length', '{"files":[{"name":"00-a.cfg","sha256":"x","versions":[1]}],"certificates":[]}'],
    ['a path for a name', JSON.stringify({ ...published(file('../x.cfg', '')) })],
    [
      'a version that is none',
      JSON.stringify({ files: [{ name: '00-a.cfg', sha256: sha256(''), versions: [0] }], certificates: [] }),
    ],
  ])('is refused when it holds %s', (_, text) => {
    expect(() => parseGeneration(text)).toThrow();
  });

  it('is read back', () => {
    const generation = { ...published(file('00-a.cfg', '1')), certificates: [certificate] };
    expect(parseGeneration(JSON.stringify(generation))).toStrictEqual(generation);
    expect(parseGeneration(printGeneration(generation).join(''))).toStrictEqual(generation);
    expect(parseCertificates(JSON.stringify([certificate]))).toStrictEqual([certificate]);
    expect(() => parseCertificates('[{"name":"../x"}]')).toThrow('it does not list certificates');
  });

  it.each(['a }\n    use_backend b', 'a b', '-f', '', '*', 'a.*.b', '"a"', '${HOME}', 'a}', 'ä.example'])(
    'takes no certificate for %j: its names stand in HAProxy’s configuration, and who stores one may not publish',
    (name) => {
      const index = JSON.stringify([{ ...certificate, names: ['shop.example', name] }]);
      expect(() => parseCertificates(index)).toThrow('it does not list certificates');
    },
  );

  it('stays readable up to 4 KB, and takes more in parts', () => {
    const large = Array.from({ length: 2_000 }, (_, line) => `server ${sha256(String(line))}`).join('\n');
    expect(pack('x'.repeat(4_096))).toStrictEqual(['x'.repeat(4_096)]);
    expect(pack(large).length).toBeGreaterThan(1);
    expect(Math.max(...pack(large).map((part) => part.length))).toBeLessThanOrEqual(4_096);
    expect(unpack(pack(large))).toBe(large);
  });
});
