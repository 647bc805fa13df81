import { type Answer, request } from './http';
import type { Instance } from './imds';
import { signedHeaders } from './signature';

/** Who calls which of AWS's services, and for how long a fault may be a passing one. */
export type Caller = Instance & {
  /** As it is signed: `ssm`, `ec2`, `autoscaling`, `monitoring`. */
  readonly service: string;
  /** Another place than AWS's own, for tests. */
  readonly endpoint: string | undefined;
  readonly patienceMilliseconds: number;
};

/** One signed POST to a service of AWS in the instance's region. */
export function post(
  { service, endpoint, region, credentials, patienceMilliseconds }: Caller,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Answer> {
  const suffix = region.startsWith('cn-') ? '.cn' : '';
  const { host, origin } = new URL(endpoint ?? `https://${service}.${region}.amazonaws.com${suffix}`);
  const signed = signedHeaders({ host, region, service, headers, body }, credentials, Date.now());
  return request(origin, patienceMilliseconds, { method: 'POST', headers: signed, body });
}
