// Commands that are advised go where the deploy goes, whatever the shell of the user is set to.

/** Calls that know no region, or have one of their own. */
const elsewhere = 'configure|sso|sts|freetier|route53';
const commands = new RegExp(`\`((?:aws (?!${elsewhere})|npx sls )[^\`]*)\``, 'g');

/** The words, each command in them with the region of the deploy. */
const located = (words, region) => words.replace(commands, (_, command) => `\`${command} --region ${region}\``);

module.exports = { located };
