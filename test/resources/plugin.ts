import { setTimeout as sleep } from 'node:timers/promises';
import { EC2Client } from '@aws-sdk/client-ec2';

import type { playedAws } from './played-aws';

const { check } = require('../../resources/settings.cjs') as { check: (given: object, where: string) => object };
const { derive } = require('../../resources/derived.cjs') as { derive: (settings: object, stage: string) => object };
const deploy = require('../../resources/preflight/deploy.cjs') as Commands & {
  lines: (world: object) => Promise<readonly string[]>;
};
const remove = require('../../resources/preflight/remove.cjs') as Commands;

const { watch } = require('../../resources/preflight/watch.cjs') as { watch: (world: object) => { end: () => void } };

type Options = { force?: boolean };
type Commands = { before: (world: object) => Promise<void> };
type Aws = ReturnType<typeof playedAws>;

/** What the plugin says before a deploy; the settings are the defaults but those given. */
export const deploying = (aws: Aws, settings: object = {}, options: Options = {}) =>
  running(deploy, aws, settings, options);
export const removing = (aws: Aws, settings: object = {}) => running(remove, aws, settings);
export const ending = (aws: Aws, settings: object = {}, resources: object = new Map()) =>
  deploy.lines({ ...world(aws, settings), resources });

/** What is said while a deploy runs, until so many times something was. */
export async function watching(aws: Aws, times: number) {
  const said: (readonly string[])[] = [];
  const { end } = watch({ ...world(aws, {}), pauseMs: 10, warn: (words: readonly string[]) => said.push(words) });
  const enough = async () => said.length >= times && aws.asked.length > times + 2;
  for (let tries = 0; tries < 200 && !(await enough()); tries++) await sleep(10);
  end();
  return said;
}

async function running({ before }: Commands, aws: Aws, settings: object, options: Options = {}) {
  const [hints, waits] = [[] as string[], [] as string[]];
  const given = world(aws, settings);
  const stopped = await before({
    ...given,
    options,
    warn: (some: readonly string[]) => hints.push(...some),
    say: (words: string) => waits.push(words),
    pauseMs: 1,
  }).then(
    () => undefined,
    (error: Error) => {
      if (error.name === 'Stop') return error.message;
      throw error;
    },
  );
  return { stopped, hints, forced: options.force === true, ...(waits.length > 0 && { waits }) };
}

function world(aws: Aws, settings: object) {
  process.env.AWS_ENDPOINT_URL = aws.endpoint();
  const given = { domain: 'shop.example.com', hostedZoneId: 'Z0SLUICETEST', acceptTerms: true, ...settings };
  return {
    settings: derive(check(given, 'the test'), 'prod'),
    stage: 'prod',
    stack: 'sluice-prod',
    region: 'eu-west-2',
    // As the packager's, which hands out a way to the network too.
    config: {
      region: 'eu-west-2',
      credentials: async () => ({ accessKeyId: 'AKIALOCAL', secretAccessKey: 'secret' }),
      maxAttempts: 1,
      requestHandler: new EC2Client({ region: 'eu-west-2' }).config.requestHandler,
    },
  };
}
