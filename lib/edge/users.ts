import { sha256 } from '../generation/generation';
import type { File } from '../haproxy/render';
import type { Parameters } from '../sync/aws/calls';
import { listGrammar, usersName } from './auth';

type Source = { readonly parameters: Pick<Parameters, 'get'>; readonly prefix: string };

/** The users of a version of a secret, as lines of HAProxy's configuration. */
type Users = { readonly secret: string; readonly version: string; readonly lines: string };

type Filled = { readonly files: readonly File[]; readonly faults: readonly string[] };

/**
 * Adds users to the published userlists. If a version cannot be used, the users of the installed one still count, or nobody may enter.
 * Secret: no fault quotes what a parameter holds.
 */
export async function withUsers(source: Source, files: readonly File[], installed: readonly File[]): Promise<Filled> {
  const known = usersIn(textOf(installed));
  const faults: string[] = [];
  const filled = new Map<string, string>();
  const fill = async ([line, list = '']: readonly string[]): Promise<void> => {
    const [, owner, name, number, seconds] = listGrammar.exec(list) ?? [];
    const [secret, version] = [`${owner}.${name}`, `${number}.${seconds}`];
    const old = known.filter((each) => each.secret === secret);
    const same = old.find((each) => each.version === version);
    const selector = `${source.prefix}/auth/${owner}/${name}:${number}`;
    try {
      const lines = same?.lines ?? (await fetchLines(source, selector, Number(seconds)));
      filled.set(String(line), written({ secret, version, lines }));
    } catch (error) {
      const [rest] = old;
      faults.push(`${(error as Error).message}; ${rest ? 'the users of before still count' : 'nobody may enter'}`);
      if (rest) filled.set(String(line), written(rest));
    }
  };
  await Promise.all(Array.from(textOf(files).matchAll(listLine), fill));
  const text = textOf(files).replace(listLine, (line) => `${line}${filled.get(line) ?? ''}`);
  return { files: files.map((file) => (file.name === usersName ? { ...file, text } : file)), faults: faults.sort() };
}

export const withoutUsers = (file: File): File =>
  file.name === usersName ? { ...file, text: file.text.replace(/^ {4}(#|user) .*\n/gm, '') } : file;

/** HAProxy reads users only when it starts, and the structure that is published does not contain them. */
export const sameUsers = (a: readonly File[], b: readonly File[]): boolean => textOf(a) === textOf(b);

const textOf = (files: readonly File[]): string => files.find(({ name }) => name === usersName)?.text ?? '';

const listLine = /^userlist (\S+)$/gm;

/** The comment says whose users these are, and proves that the file is whole. */
const written = ({ version, lines }: Users): string => `\n    # ${version} ${sha256(lines)}\n${lines}`.trimEnd();

function usersIn(text: string): readonly Users[] {
  const found = text.matchAll(/^userlist (\S+)\n {4}# (\S+) (\S+)\n((?: {4}user .*\n)+)/gm);
  return Array.from(found).flatMap(([, list = '', version = '', digest, lines = '']) => {
    const [, owner, name] = listGrammar.exec(list) ?? [];
    return sha256(lines) === digest ? [{ secret: `${owner}.${name}`, version, lines }] : [];
  });
}

async function fetchLines({ parameters, prefix }: Source, selector: string, seconds: number): Promise<string> {
  if (Number.isNaN(seconds)) throw new Error(`a userlist below ${prefix} names no version of a secret`);
  const found = await parameters.get(selector, { decrypted: true });
  // An older answer is of a parameter that was deleted since.
  if (!found || found.modified < seconds) throw new Error(`${selector} is missing in Parameter Store`);
  return userLines(selector, found.value);
}

const mostUsers = 100;

/** These hashes cost a millisecond of the CPU that all services share; bcrypt's costs fifty. */
const salt = String.raw`(?:rounds=(?:[1-4]\d{3}|5000)\$)?[./0-9A-Za-z]{1,16}`;
const hash = String.raw`\$5\$${salt}\$[./0-9A-Za-z]{43}|\$6\$${salt}\$[./0-9A-Za-z]{86}`;
const userGrammar = new RegExp(`^([A-Za-z0-9][A-Za-z0-9._@+-]{0,63}):(${hash})$`);

/** @throws with the number of the line that is wrong */
export function userLines(selector: string, text: string): string {
  const users = new Map<string, string>();
  for (const [at, line] of text.split('\n').entries()) {
    const where = `line ${at + 1} of ${selector}`;
    if (/^\s*(#|$)/.test(line)) continue;
    const [, user, hashed] = userGrammar.exec(line.trim()) ?? [];
    if (user === undefined || hashed === undefined) throw new Error(`${where} is not ${rightLine}`);
    if (users.has(user)) throw new Error(`${where} names a user again`);
    users.set(user, hashed);
  }
  if (users.size === 0) throw new Error(`${selector} names no user; write a line such as ${rightLine}`);
  if (users.size > mostUsers) throw new Error(`${selector} names more than ${mostUsers} users`);
  return Array.from(users, ([user, hashed]) => `    user ${user} password ${hashed}\n`).join('');
}

const rightLine =
  '<user>:<hash> with a hash that begins with $5$ or $6$ and has at most 5000 rounds, such as "openssl passwd -6" prints';
