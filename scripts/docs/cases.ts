import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const { load } = require('js-yaml') as { load: (yaml: string) => unknown };

/** A case that a user may meet, what happens then, and the test that proves it: `<file below test/>: <full name>`. */
export type Case = { readonly when: string; readonly result: string; readonly proof: string };
export type Topic = { readonly title: string; readonly cases: readonly Case[] };

const folder = join(__dirname, '../../test/cases');
const line = z.string().regex(/^[^\n]+$/);
const schema = z.strictObject({
  title: line,
  cases: z.array(z.strictObject({ when: line, result: line, proof: line.regex(/^\S+\.test\.ts: /) })),
});

/** All of test/cases/, in the order of the files. @throws for a file of another form */
export function readTopics(): readonly Topic[] {
  const files = readdirSync(folder).sort();
  return files.map((file) => schema.parse(load(readFileSync(join(folder, file), 'utf8'))));
}
