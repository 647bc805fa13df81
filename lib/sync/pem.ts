import { createPrivateKey, X509Certificate } from 'node:crypto';

import { chainOf } from '../certificates/x509';

/**
 * The first certificate of the folder, which answers clients without SNI: the stage's first one, or a stand-in that lets
 * HAProxy start without any.
 */
export const standIn = '00-stand-in.pem';

/** HAProxy up to 3.2 holds command and payload in one buffer of 16 kB, and answers nothing to what does not fit. */
const mostBytes = 15_000;

/**
 * A certificate's file: key and leaf, then those of the authorities above it that belong to it.
 * HAProxy's command line ends a payload at the first blank line and would run, and echo, the lines after it: there is none.
 *
 * @param now epoch milliseconds, to judge the chain by
 * @throws when it is no key with a certificate, its chain does not fit, or it is too large; never with a word of the text.
 */
export function pemFile(name: string, key: string, chain: string, now = 0): string {
  const pair = clean(key);
  if (!isPair(pair))
    throw new Error(`the stored certificate ${name} is no private key with its certificate; ${orderAnew(name)}`);
  const text = pair + clean(fitting(name, pair, clean(chain), now));
  if (Buffer.byteLength(text) > mostBytes) {
    throw new Error(
      `the certificate ${name} has ${Buffer.byteLength(text)} bytes, more than the ${mostBytes} HAProxy takes at run time; ` +
        'use an ECDSA key or a shorter chain',
    );
  }
  return text;
}

/** What to do about a stored certificate that cannot be used: `renew` looks at none that it has stored. */
export const orderAnew = (name: string): string =>
  `to have another one ordered, delete the stage's parameter acme/state/${name} and invoke renew`;

/** Without blank lines; each line ends. */
const clean = (text: string): string =>
  text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => `${line}\n`)
    .join('');

function fitting(name: string, leaf: string, chain: string, now: number): string {
  try {
    return chainOf(leaf, chain, now);
  } catch (error) {
    throw new Error(`the stored chain of ${name} ${(error as Error).message}; ${orderAnew(name)}`);
  }
}

/** Whether a text is a private key with its certificate. OpenSSL takes the first block of each; its errors are not passed on. */
export function isPair(text: string): boolean {
  try {
    return new X509Certificate(text).checkPrivateKey(createPrivateKey(text));
  } catch {
    return false;
  }
}

/** `set ssl cert` with its payload. The socket's own newline makes the one blank line that ends it. */
export const setCertificate = (file: string, pem: string): string => `set ssl cert ${file} <<\n${pem}`;
