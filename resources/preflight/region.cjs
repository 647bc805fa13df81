// Adds the deploy's region to commands in messages, whatever region the user's shell has.

/** Services without a region, or with a fixed one. */
const elsewhere = 'configure|sso|sts|freetier|route53';
const commands = new RegExp(`\`((?:aws (?!${elsewhere})|npx sls )[^\`]*)\``, 'g');

/** Returns the text with the deploy's region added to each command. */
const located = (words, region) => words.replace(commands, (_, command) => `\`${command} --region ${region}\``);

module.exports = { located };
