// The commands in README and docs/. A block that begins with "```sh" has commands that a test or CI runs; "```sh account" those that need
// an account of AWS or of GitHub, or a proxy in it; "```sh docker" and "```sh terraform" those that need these tools, and an account too.
const fence = /^( *)```(.*)\n([\s\S]*?)^\1```$/gm;

/** Every fenced block of a page: the words behind its backticks, and its text. */
const blocks = (page) =>
  [...page.matchAll(fence)].map(([, indent, kind, text]) => ({
    kind,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));

/** The commands of all blocks of a kind, without their comments; a continued line is one command. */
const commands = (page, kind) =>
  blocks(page)
    .filter((block) => block.kind === kind)
    .flatMap(({ text }) => text.replaceAll('\\\n', ' ').split('\n'))
    .map((line) =>
      line
        .replace(/(^|\s)#.*/, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '');

module.exports = { blocks, commands };
