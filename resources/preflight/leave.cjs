// How a command ends early. Thrown to the packager, words would come with its version, its documents' address and a stack.
const { progress } = require('serverless/lib/utils/serverless-utils/log');

const { blocked, refused } = require('./refusals.cjs');

/** Whatever stands in the way, all at once. */
const stop = (faults) => Object.assign(new Error(`Nothing was changed:\n  ${faults.join('\n  ')}`), { name: 'Stop' });

/** What an error means to whoever runs the command; `undefined` for a fault of the program, whose stack is of use. */
function inWords(error, { region, stack, command }) {
  if (error.name === 'Stop') return error.message;
  const [says, why] = [blocked(error, region), refused(error)];
  if (says !== undefined) return says;
  if (why !== undefined)
    return `${command} of ${stack} ended: ${why}. Let your user do what docs/deploy-policy.json lists, then run it again.`;
  if (error.name !== 'ServerlessError') return undefined;
  const message = error.message.replace(/^An error occurred: /, '');
  return /^AWS_CLOUD_FORMATION_UPDATE_STACK/.test(error.code) ? `${message}\n${takenBack(stack)}` : message;
}

const takenBack = (stack) =>
  `CloudFormation takes the whole change back now; the next deploy waits for that, and so does` +
  ` \`aws cloudformation wait stack-rollback-complete --stack-name ${stack}\`.`;

function leave(words) {
  progress.clear();
  console.error(`\n${words}`);
  process.exit(1);
}

module.exports = { stop, inWords, leave };
