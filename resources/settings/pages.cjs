// The owner's own error pages: a folder of files such as 503.html.
const { readdirSync, readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const { shown } = require('./words.cjs');

/** Those that HAProxy itself answers with: lib/haproxy/sections.ts. */
const statuses = ['400', '404', '408', '502', '503', '504'];

/** A page with its headers must fit one buffer of HAProxy, 16 KB on a t4g.nano. All of them are published as parameters of 4 KB. */
const mostBytes = 12 * 1024;
const mostBytesTogether = 32 * 1024;

/** Returns the pages by status, or what is wrong in words. */
function readPages(name) {
  if (name === '') return { pages: {} };
  const folder = resolve(__dirname, '../..', name);
  const names = namesIn(folder);
  if (names === undefined) return { fault: `${shown(name)} is not a folder beside serverless.yml` };
  const other = names.find((file) => !statuses.some((status) => file === `${status}.html`));
  if (other !== undefined)
    return { fault: `${shown(other)} is not one of ${statuses.join(', ')}, with .html behind it` };
  if (names.length === 0) return { fault: `${shown(name)} holds no page such as 503.html` };
  const files = names.map((file) => [file, readFileSync(join(folder, file))]);
  const faulty = files.map(([file, bytes]) => wrong(file, bytes)).find((said) => said !== undefined);
  const together = files.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  const fault =
    faulty ?? (together > mostBytesTogether ? tooMuch('they have', together, mostBytesTogether) : undefined);
  return fault
    ? { fault }
    : { pages: Object.fromEntries(files.map(([file, bytes]) => [file.slice(0, 3), `${bytes}`])) };
}

/** Names with a dot before them are the system's, such as .DS_Store. */
function namesIn(folder) {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch {
    return undefined;
  }
}

function wrong(name, bytes) {
  if (bytes.length === 0) return `${name} is empty`;
  if (bytes.length > mostBytes) return tooMuch(`${name} has`, bytes.length, mostBytes);
  const isText = !bytes.includes(0) && Buffer.from(`${bytes}`).equals(bytes);
  return isText ? undefined : `${name} is not text in UTF-8`;
}

const tooMuch = (who, bytes, most) => `${who} ${bytes} bytes, and at most ${most} fit`;

module.exports = { readPages, statuses };
