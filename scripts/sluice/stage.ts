/** Commands in backticks go where the stage is, as those that a deploy advises. */
const { located } = require('../../resources/preflight/refusals.cjs') as {
  located: (words: string, region: string) => string;
};

/** The names of a stage's parts. */
export const named = (stage: string, region: string) => ({
  stage,
  region,
  /** A command of the AWS CLI, as it stands in a sentence. */
  aws: (command: string) => located(`\`aws ${command}\``, region),
  prefix: `/sluice/${stage}`,
  /** The documents that carry the sync: during a deploy there are two; that of 0.1.0 has no hash. */
  documents: new RegExp(`^sluice-${stage}-sync(_[0-9a-f]{10})?$`),
  queue: `sluice-${stage}-reconcile.fifo`,
  deadLetters: `sluice-${stage}-reconcile-dead.fifo`,
  group: (slot: string) => `sluice-${stage}-proxy-${slot}`,
  log: (name: 'reconcile' | 'renew') => `/aws/lambda/sluice-${stage}-${name}`,
  alarms: ['dead-letters', 'reconcile', 'renew', 'push', 'certificate', 'entrance', 'cpu-credits'].map(
    (name) => `sluice-${stage}-${name}`,
  ),
});

/** Restores what was deleted or changed by hand. A deploy would not, because it compares only templates. */
export const putBack = ({ aws, stage }: Stage): string =>
  `${aws(
    `cloudformation create-change-set --stack-name sluice-${stage} --change-set-name put-back --use-previous-template` +
      ' --deployment-mode REVERT_DRIFT --capabilities CAPABILITY_NAMED_IAM',
  )}, then look at it and execute it: docs/operations.md, "What was changed by hand"`;

export type Stage = ReturnType<typeof named>;
