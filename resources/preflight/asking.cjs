// Looks side by side, reports all that they find at once, and ends a command in words.
const { progress } = require('serverless/lib/utils/serverless-utils/log');

const { blocked, isDenied, located, refused } = require('./refusals.cjs');

/**
 * @param looks pairs of a name and a check, which returns sentences, or none if all is well
 * @returns the faults, and the checks that could not run
 * @throws when AWS answers no call at all, and faults of the program
 */
async function lookAt(looks, region, not = 'not checked') {
  const found = looks.map(async ([what, look]) => {
    try {
      return { faults: (await look()) ?? [] };
    } catch (error) {
      const why = refused(error);
      if (blocked(error, region) !== undefined || why === undefined) throw error;
      return { unseen: [`${not}: ${what}, because ${why}`] };
    }
  });
  const all = await settle(found);
  const words = (kind) => all.flatMap((each) => each[kind] ?? []).map((each) => located(each, region));
  return { faults: words('faults'), unseen: words('unseen') };
}

/** As `Promise.all`, but only when all have ended: nothing is asked any more when an error is reported. */
async function settle(promises) {
  const ended = await Promise.allSettled(promises);
  const failed = ended.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
  return ended.map(({ value }) => value);
}

const stop = (faults) => Object.assign(new Error(`Nothing was changed:\n  ${faults.join('\n  ')}`), { name: 'Stop' });

/** What an error means to the user of the command; `undefined` for a fault of the program, whose stack is useful. */
function inWords(error, where) {
  const words = said(error, where);
  return words && located(words, where.region);
}

function said(error, { region, stack, command }) {
  if (error.name === 'Stop') return error.message;
  const [says, why] = [blocked(error, region), refused(error)];
  if (says !== undefined) return says;
  if (why !== undefined)
    return `${command} of ${stack} ended: ${why}. ${isDenied(error) ? mayNot : 'Correct that'}, then run it again.`;
  if (error.name !== 'ServerlessError') return undefined;
  const message = error.message.replace(/^An error occurred: /, '');
  if (!/^AWS_CLOUD_FORMATION_UPDATE_STACK/.test(error.code)) return message;
  const advice = /not authorized to perform|AccessDenied/.test(message) ? `\n${mayNot}.` : '';
  return `${message}${advice}\n${takenBack(stack)}`;
}

const mayNot = 'Give your user the permissions in docs/deploy-policy.json';

const takenBack = (stack) =>
  'CloudFormation now rolls back the whole change. The next deploy waits for that; to watch it, run' +
  ` \`aws cloudformation describe-stacks --stack-name ${stack} --query "Stacks[0].StackStatus"\`.`;

/** The packager would print an error with its version and a stack. */
function leave(words) {
  progress.clear();
  console.error(`\n${words}`);
  process.exit(1);
}

module.exports = { inWords, leave, lookAt, settle, stop };
