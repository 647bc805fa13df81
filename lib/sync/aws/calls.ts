import { metricsNamespace } from '../../entrance/metrics';
import { answerTo, plainName } from '../../generation/generation';
import { cut } from '../../printable';
import { type Caller, type Instance, post, secretJson } from './http';

export type Parameter = {
  readonly name: string;
  readonly version: number;
  readonly value: string;
  /** Epoch seconds. */
  readonly modified: number;
};

export type Parameters = {
  /** Takes a name or `name:version`; `undefined` if it does not exist. */
  readonly get: (name: string, options?: { readonly decrypted: boolean }) => Promise<Parameter | undefined>;
  /** Takes `name:version`; the answer lacks those that do not exist. */
  readonly getAll: (
    selectors: readonly string[],
    options: { readonly decrypted: boolean },
  ) => Promise<ReadonlyMap<string, string>>;
};

type Raw = {
  readonly Name: string;
  readonly Version: number;
  readonly Value: string;
  readonly LastModifiedDate?: number;
};

const isRaw = (value: unknown): value is Raw => {
  const { Name, Version, Value } = (value ?? {}) as Partial<Raw>;
  return typeof Name === 'string' && typeof Value === 'string' && Number.isSafeInteger(Version) && Number(Version) > 0;
};

/** AWS: GetParameters. */
const namesPerCall = 10;

/** Parameter Store by signed calls. `whoAmI` is called once, at the first of them. */
export function parameterStore(
  endpoint: string | undefined,
  patienceMilliseconds: number,
  whoAmI: () => Promise<Instance>,
): Parameters {
  let known: Promise<Instance> | undefined;
  const call = async (action: string, body: object): Promise<Record<string, unknown>> => {
    known ??= whoAmI();
    return ask({ service: 'ssm', endpoint, patienceMilliseconds, ...(await known) }, action, JSON.stringify(body));
  };

  return {
    get: async (name, { decrypted } = { decrypted: false }) => {
      const answer = await call('GetParameter', { Name: name, WithDecryption: decrypted }).catch(ifMissing);
      if (answer === undefined) return undefined;
      const { Parameter: found } = answer;
      // Danger: an answer without the parameter does not say that it does not exist.
      if (isRaw(found) && plainName(found.Name) === plainName(name)) return parameter(found);
      throw strange(`GetParameter of ${name}`);
    },
    getAll: async (selectors, { decrypted }) => {
      const values = new Map<string, string>();
      for (let start = 0; start < selectors.length; start += namesPerCall) {
        const Names = selectors.slice(start, start + namesPerCall);
        const { Parameters: found } = await call('GetParameters', { Names, WithDecryption: decrypted });
        if (!Array.isArray(found)) throw strange(`GetParameters of ${namesOf(Names)}`);
        for (const selector of Names) {
          const answer = answerTo(selector, found.filter(isRaw));
          if (answer) values.set(selector, answer.Value);
        }
      }
      return values;
    },
  };
}

const parameter = ({ Name, Version, Value, LastModifiedDate }: Raw): Parameter => ({
  name: Name,
  version: Version,
  value: Value,
  modified: LastModifiedDate ?? 0,
});

function ifMissing(error: Error): undefined {
  if (['ParameterNotFound', 'ParameterVersionNotFound'].includes(error.name)) return undefined;
  throw error;
}

const strange = (what: string): Error =>
  new Error(`Parameter Store's answer to ${what} holds no such parameter, and no refusal; ${advice}`);

const advice = 'what runs is kept, the next tick asks again';

async function ask(caller: Caller, action: string, body: string): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AmazonSSM.${action}` };
  const answer = await post(caller, headers, body);
  const what = `${action} of ${namesIn(body)}`;
  if (answer.status === 200) {
    const found = secretJson<Record<string, unknown> | null>(answer.body, `Parameter Store's answer to ${what}`);
    return found ?? {};
  }

  // Only the kind of a refusal is reported: the body of an answer could hold a secret.
  const kind = /"(?:__type|code)"\s*:\s*"(?:[^"#]*#)?(\w+)/.exec(answer.body)?.[1] ?? `status ${answer.status}`;
  throw Object.assign(new Error(`Parameter Store refused ${what}: ${kind}; ${remedy(kind)}`), { name: kind });
}

/** AWS: common errors; a clock that is more than five minutes off makes a signature invalid. */
function remedy(kind: string): string {
  if (/Signature|Expired|Skewed/.test(kind)) return `is the clock right? See "timedatectl"; ${advice}`;
  if (/AccessDenied/.test(kind)) return `may the role of this instance read it, and use its key? ${advice}`;
  return advice;
}

const namesIn = (body: string): string => {
  const { Name, Names = [] } = JSON.parse(body) as { Name?: string; Names?: string[] };
  return Name ?? namesOf(Names);
};

const namesOf = (names: readonly string[]): string =>
  `${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ''}`;

/** Answers are XML; no caller needs them. */
export type Query = (
  service: keyof typeof versions,
  action: string,
  fields: Readonly<Record<string, string>>,
) => Promise<void>;

/** AWS: Query requests. */
const versions = { ec2: '2016-11-15', autoscaling: '2011-01-01', monitoring: '2010-08-01' };

/** `whoAmI` is called each time, because calls may be hours apart. */
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

/** The name is the service's own code. These calls carry no secret, so the message may be quoted. */
function refusal(action: string, status: number, body: string): Error {
  const found = (tag: string) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(body)?.[1];
  const name = found('Code') ?? `status ${status}`;
  const words = found('Message');
  return Object.assign(new Error(`AWS refused ${action}: ${name}${words ? ` (${cut(words, 300)})` : ''}`), { name });
}

/** Then returns or throws as the sync did. */
export async function reported<Report>(sync: Promise<Report>, report: ReportSynced): Promise<Report> {
  try {
    const done = await sync;
    await report(true);
    return done;
  } catch (error) {
    await report(false);
    throw error;
  }
}

type ReportSynced = (isSynced: boolean) => Promise<void>;

/** Errors are ignored: a missing metric raises the alarm by itself. An instance that was started by hand has no slot, and reports nothing. */
export const reportSynced =
  (query: Query, prefix: string, slot: string | undefined): ReportSynced =>
  async (isSynced) => {
    if (!slot) return;
    await query('monitoring', 'PutMetricData', {
      Namespace: metricsNamespace(prefix),
      'MetricData.member.1.MetricName': 'Synced',
      'MetricData.member.1.Value': isSynced ? '1' : '0',
      'MetricData.member.1.Dimensions.member.1.Name': 'Proxy',
      'MetricData.member.1.Dimensions.member.1.Value': slot,
    }).catch(() => undefined);
  };
