import { cut } from '../../printable';
import type { Instance } from './imds';
import { post } from './post';

/** Asks one of the services that take form fields and answer in XML. Gives nothing: done is all that anybody here needs. */
export type Query = (service: Service, action: string, fields: Readonly<Record<string, string>>) => Promise<void>;

/** As each is signed. */
export type Service = keyof typeof versions;

/** Of the API, by which a service knows what a field means (AWS: Query requests). */
const versions = { ec2: '2016-11-15', autoscaling: '2011-01-01', monitoring: '2010-08-01' };

/** Signed calls of the Query protocol. Who the instance is, is asked each time: a call may come long after the last. */
export function queries(
  endpoint: string | undefined,
  patienceMilliseconds: number,
  whoAmI: () => Promise<Instance>,
): Query {
  return async (service, action, fields) => {
    const caller = { service, endpoint, patienceMilliseconds, ...(await whoAmI()) };
    const body = new URLSearchParams({ Action: action, Version: versions[service], ...fields }).toString();
    const answer = await post(caller, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }, body);
    if (answer.status !== 200) throw refusal(action, answer.status, answer.body);
  };
}

/** The name is the service's own code. Its words may explain, and none of these calls carries a secret. */
function refusal(action: string, status: number, body: string): Error {
  const found = (tag: string) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(body)?.[1];
  const name = found('Code') ?? `status ${status}`;
  const words = found('Message');
  return Object.assign(new Error(`AWS refused ${action}: ${name}${words ? ` (${cut(words, 300)})` : ''}`), {
    name,
  });
}
