import { randomBytes } from 'node:crypto';

import { type Served, serve } from '../../real/loopback';
import type { Credentials } from '../api/signature';
import { region } from '../package/template';

/** The instance metadata service, version 2 only, as `HttpTokens: required` makes it (AWS: Use the IMDS). */
export async function startImds(instance: {
  readonly id: string;
  readonly role: string;
  readonly credentials: Credentials;
}): Promise<Served> {
  const tokens = new Map<string, number>();
  const { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token } = instance.credentials;
  const pages: Readonly<Record<string, string>> = {
    '/latest/meta-data/instance-id': instance.id,
    '/latest/meta-data/placement/region': region,
    '/latest/meta-data/iam/security-credentials/': instance.role,
    [`/latest/meta-data/iam/security-credentials/${instance.role}`]: JSON.stringify(
      { Code: 'Success', AccessKeyId, SecretAccessKey, Token },
      undefined,
      2,
    ),
  };

  return serve((request, response) => {
    const end = (status: number, body = '') => response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
    const url = request.url ?? '';
    if (request.method === 'PUT' && url === '/latest/api/token') {
      const seconds = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds']);
      if (!(seconds >= 1 && seconds <= 21_600)) return end(400);
      const token = randomBytes(40).toString('base64url');
      tokens.set(token, performance.now() + seconds * 1000);
      return end(200, token);
    }
    const until = tokens.get(String(request.headers['x-aws-ec2-metadata-token']));
    if (until === undefined || until < performance.now()) return end(401);
    const page = pages[url] ?? pages[`${url}/`];
    return page ? end(200, page) : end(404);
  });
}
