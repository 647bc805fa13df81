import { createPrivateKey, X509Certificate } from 'node:crypto';

/** The first certificate of the folder: it answers clients without SNI, and lets HAProxy start without any other. */
export const standIn = '00-stand-in.pem';

/** HAProxy up to 3.2 holds command and payload in one buffer of 16 kB, and answers nothing to what does not fit. */
const mostBytes = 15_000;

/**
 * A certificate's file: key and leaf, then the chain.
 * HAProxy's command line ends a payload at the first blank line and would run, and echo, the lines after it: there is none.
 *
 * @throws when it is no key with a certificate, or too large; never with a word of the text.
 */
export function pemFile(name: string, key: string, chain: string): string {
  const lines = `${key}\n${chain}`.split(/[\r\n]+/).map((line) => line.trim());
  const text = lines
    .filter((line) => line !== '')
    .concat('')
    .join('\n');
  if (!isPair(text))
    throw new Error(`the stored certificate ${name} is no private key with its certificate; store it again`);
  if (Buffer.byteLength(text) > mostBytes) {
    throw new Error(
      `the certificate ${name} has ${Buffer.byteLength(text)} bytes, more than the ${mostBytes} HAProxy takes at run time; ` +
        'use an ECDSA key or a shorter chain',
    );
  }
  return text;
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
