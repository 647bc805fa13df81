import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { strToU8, zipSync } from 'fflate';

import { type LambdaFunction, lambdaFunction } from '../../scripts/local/events/lambda';
import { type Processes, processes } from '../../scripts/real/processes';

const source = `
let count = 0;
exports.handler = async ({ fail, hang }, context) => {
  count += 1;
  console.log(JSON.stringify({ count, colour: process.env.COLOUR, key: process.env.AWS_ACCESS_KEY_ID }));
  if (fail) throw new TypeError('as asked');
  if (hang) await new Promise((resolve) => setTimeout(resolve, 60_000));
  return { count, remaining: context.getRemainingTimeInMillis() <= 1000, home: process.env.HOME };
};`;

let running: Processes;
let folder: string;
let lambda: LambdaFunction;
beforeAll(() => {
  running = processes();
  folder = mkdtempSync(join(tmpdir(), 'lambda-test-'));
  writeFileSync(join(folder, 'f.zip'), zipSync({ 'functions/f.js': strToU8(source) }));
  const handler = { FunctionName: 'f', Handler: 'functions/f.handler', Role: 'R', Timeout: 1 };
  lambda = lambdaFunction(
    { ...handler, Environment: { Variables: { COLOUR: 'red' } }, Code: { S3Key: 'x/f.zip' } },
    { packageFolder: folder, keys: { AWS_ACCESS_KEY_ID: 'ASIA' }, processes: running },
  );
});
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

it('runs the packaged handler with its own environment, and stays warm until a run takes too long', async () => {
  const lines = ['{"count":1,"colour":"red","key":"ASIA"}'];
  const result = { count: 1, remaining: true };
  expect(await lambda.invoke({})).toMatchObject({ outcome: 'succeeded', cold: true, result, lines });

  const failed = await lambda.invoke({ fail: true });
  expect(failed).toMatchObject({ outcome: 'failed', error: 'TypeError: as asked', cold: false });
  expect(await lambda.invoke({})).toMatchObject({ outcome: 'succeeded', result: { count: 3 } });

  const hung = await lambda.invoke({ hang: true });
  expect(hung).toMatchObject({ outcome: 'timed-out', error: expect.stringContaining('1.00') });
  expect(await lambda.invoke({})).toMatchObject({ cold: true, result: { count: 1 } });
  lambda.wipe();
  expect(await lambda.invoke({})).toMatchObject({ cold: true, result: { count: 1 } });
});
