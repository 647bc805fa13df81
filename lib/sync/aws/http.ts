import { createHash, createHmac } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

// Written by hand, for the SSM document has no room for the AWS SDK, and `fetch` doubles the time that Node takes to start (73 to 161 ms).

type Answer = { readonly status: number; readonly body: string };
type Options = { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string };
type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string };

export type Instance = { readonly credentials: Credentials; readonly region: string };

type Metadata = (path: string) => Promise<string>;

/** IMDSv2, with one token that is valid for a minute. */
export function metadata(endpoint: string, patienceMilliseconds: number): Metadata {
  const fetchPage = async (path: string, method: string, headers: Record<string, string>): Promise<string> => {
    const url = `${endpoint}/latest/${path}`;
    const { status, body } = await request(url, patienceMilliseconds, { method, headers });
    if (status !== 200) {
      const remedy = [401, 403, 404].includes(status) ? 'has the instance a role?' : advice;
      throw new Error(`the instance metadata service answered ${status} to ${url}; ${remedy}`);
    }
    // These answers become parts of addresses and headers. Only credentials are longer than a word.
    if (/^\s*\{/.test(body) || /^[\w+=,.@/-]+\s*$/.test(body)) return body;
    throw new Error(`the instance metadata service answered ${url} with something else than a word; ${advice}`);
  };
  let token: Promise<string> | undefined;
  return async (path) => {
    token ??= fetchPage('api/token', 'PUT', { 'x-aws-ec2-metadata-token-ttl-seconds': '60' });
    return (await fetchPage(`meta-data/${path}`, 'GET', { 'x-aws-ec2-metadata-token': await token })).trim();
  };
}

/** @throws when the service does not answer or the instance has no role; the message holds no credential. */
export async function instance(read: Metadata, region: string | undefined): Promise<Instance> {
  const role = await read('iam/security-credentials/');
  const found = secretJson<Record<string, unknown> | null>(
    await read(`iam/security-credentials/${role}`),
    `the answer of the instance metadata service for role ${role}`,
  );
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = found ?? {};
  if (!isWord(accessKeyId) || !isWord(secretAccessKey) || !isWord(sessionToken)) {
    throw new Error(
      `the instance metadata service returned no credentials for role ${role}; does the role still exist?`,
    );
  }
  return {
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    region: region ?? (await read('placement/region')),
  };
}

const isWord = (value: unknown): value is string => typeof value === 'string' && /^[!-~]+$/.test(value);

/** Parses JSON that may hold a secret, which the parser's own error would quote. */
export function secretJson<Shape>(text: string, what: string): Shape {
  try {
    return JSON.parse(text) as Shape;
  } catch {
    throw new Error(`${what} is not JSON; ${advice}`);
  }
}

const advice = 'what runs is kept, the next tick asks again';

export type Caller = Instance & {
  /** As in a signature: `ssm`, `ec2`, `autoscaling`, `monitoring`. */
  readonly service: string;
  /** Replaces the address of AWS in tests. */
  readonly endpoint: string | undefined;
  readonly patienceMilliseconds: number;
};

export function post(caller: Caller, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
  const { service, endpoint, region, patienceMilliseconds } = caller;
  const suffix = region.startsWith('cn-') ? '.cn' : '';
  const { host, origin } = new URL(endpoint ?? `https://${service}.${region}.amazonaws.com${suffix}`);
  const signed = signedHeaders(caller, { ...headers, host }, body, Date.now());
  return request(origin, patienceMilliseconds, { method: 'POST', headers: signed, body });
}

/** AWS Signature Version 4. `now` is epoch milliseconds. */
function signedHeaders(
  { service, region, credentials }: Caller,
  own: Readonly<Record<string, string>>,
  body: string,
  now: number,
): Record<string, string> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const all = { ...own, 'x-amz-date': time, 'x-amz-security-token': credentials.sessionToken };
  const headers = Object.fromEntries(Object.entries(all).sort());

  const names = Object.keys(headers).join(';');
  const canonical = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const hashed = hash(['POST', '/', '', canonical.join(''), names, hash(body)].join('\n'));
  const key = scope
    .split('/')
    .reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, hashed].join('\n')).toString('hex');
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Repeats with growing pauses while the fault may pass: no network, 5xx, throttling. */
async function request(url: string, patienceMilliseconds: number, options: Options): Promise<Answer> {
  const began = performance.now();
  for (let wait = 200; ; wait *= 2) {
    const milliseconds = Math.min(longestAttemptMilliseconds, 1_000 + patienceMilliseconds);
    const answer = await attempt(url, options, milliseconds).catch((error: Error) => error);
    const late = performance.now() - began + wait > patienceMilliseconds;
    if ('status' in answer && (late || !isPassing(answer))) return answer;
    if (!('status' in answer) && late)
      throw new Error(`no answer from ${url}: ${answer.message}${remedy(answer)}; ${advice}`, { cause: answer });
    await pause(wait);
  }
}

/** For the whole answer: one that comes byte by byte must not hold the lock, for which every other sync waits. */
const longestAttemptMilliseconds = 4_000;

/** By the code of OpenSSL's verification, as Node.js names it. */
const remedy = ({ code }: NodeJS.ErrnoException): string =>
  /^CERT_(NOT_YET_VALID|HAS_EXPIRED)$/.test(String(code)) ? ' (is the clock right? See "timedatectl")' : '';

/** Systems Manager throttles with status 400. */
const isPassing = ({ status, body }: Answer): boolean =>
  status >= 500 ||
  status === 429 ||
  (status === 400 && /Throttling|TooManyRequests|RequestLimitExceeded/.test(body.slice(0, 200)));

const attempt = (
  url: string,
  { method = 'GET', headers = {}, body = '' }: Options,
  milliseconds: number,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = (url.startsWith('https:') ? https : http).request(url, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    const late = setTimeout(() => call.destroy(new Error(`no whole answer within ${milliseconds} ms`)), milliseconds);
    call.on('error', reject).on('close', () => clearTimeout(late));
    call.end(body);
  });
