import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

import { NotJson, readJson } from '../../scripts/sluice/labels/json';
import { sluice } from './console';
import { check, cwd, shop } from './task-file';

it.each([
  ['nothing.json', /^sluice: There is no file "nothing\.json"/],
  ['folder', /^sluice: "folder" is a folder: name a file/],
  ['\u001b[2J.json', /^sluice: There is no file "\\u\{1b\}\[2J\.json"/],
])('%j: one sentence', async (word, says) => {
  expect(await sluice(['labels', word], { cwd })).toMatchObject({
    code: 1,
    output: '',
    complaints: expect.stringMatching(says),
  });
});

it.each([
  [
    '{"a": [1,\n  2,]}',
    /^sluice: "task\.json" is no JSON that can be read: line 2, column 5: a value is expected here/,
  ],
  ['family: shop', /line 1, column 1: this is not JSON\. For a template in YAML: `cdk synth --json`/],
  ['', /line 1, column 1: the text ends before/],
  ['{"a": "b\nc"}', /line 1, column 9: a text holds a line break/],
  [`${'['.repeat(100_000)}`, /line 1, column 52: more than 50 levels/],
  [`"${'a'.repeat(10_000_000)}"`, /^sluice: "task\.json" is longer than 2 MB/],
  [`{"a": "${'\\n'.repeat(900_000)}"}`, /holds no task definition/],
  ['{"containers": []}', /^sluice: "task\.json" holds no task definition: what `aws ecs register-task-definition/],
  ['[]', /holds no task definition/],
])('what is no task definition is one sentence: %#', async (content, says) => {
  const { code, output, complaints } = await check(content);

  expect([code, output]).toStrictEqual([1, '']);
  expect(complaints).toMatch(says);
  expect(complaints).not.toMatch(/\n\s+at /);
});

it('reads a file of PowerShell, and standard input', () => {
  writeFileSync(join(cwd, 'utf16.json'), Buffer.from(`\ufeff${JSON.stringify(shop)}`, 'utf16le'));
  const script = join(__dirname, '../../scripts/sluice.cjs');
  const run = (word: string, input = '') =>
    spawnSync(process.execPath, [script, 'labels', word], { cwd, input, encoding: 'utf8' });

  for (const found of [run('utf16.json'), run('-', JSON.stringify(shop))])
    expect(found).toMatchObject({ status: 0, stdout: expect.stringContaining('serves  https://shop.example.com/\n') });
});

describe('for any input', () => {
  const strange = fc.oneof(
    fc.json(),
    fc.string(),
    fc.json().chain((text) => fc.nat(text.length).map((at) => `${text.slice(0, at)}${text.slice(at + 1)}`)),
  );

  it('takes as JSON what JSON.parse takes', () => {
    fc.assert(
      fc.property(strange, (text) => {
        let [own, theirs]: unknown[] = ['refused', 'refused'];
        try {
          theirs = JSON.parse(text);
        } catch {}
        try {
          own = readJson(text).value;
        } catch (error) {
          expect(error).toBeInstanceOf(NotJson);
        }
        expect(own).toStrictEqual(theirs);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never shows a stack, and nothing that a terminal acts on', async () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.constant(null), fc.jsonValue());
    const labels = fc.dictionary(
      fc.constantFrom('haproxy.host', 'haproxy.check', 'haproxy.a.host', 'haproxy.\u202ex', '__proto__'),
      value,
    );
    const content = fc.record(
      {
        name: value,
        portMappings: value,
        dockerLabels: fc.oneof(labels, value),
        memory: value,
        logConfiguration: value,
        dependsOn: value,
      },
      { requiredKeys: [] },
    );
    const definition = fc.record({
      family: value,
      networkMode: value,
      containerDefinitions: fc.oneof(fc.array(content, { maxLength: 3 }), value),
    });
    await fc.assert(
      fc.asyncProperty(definition, async (each) => {
        const { code, output, complaints } = await check(JSON.stringify(each));

        expect([0, 1]).toContain(code);
        expect(`${output}${complaints}`).not.toMatch(/[\p{Cc}\p{Cf}](?<!\n)|\n\s+at |fault of Sluice/u);
      }),
      { numRuns: 200 },
    );
  });
});
