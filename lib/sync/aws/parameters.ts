import { answerTo } from '../../generation/parameter-name';
import { type Instance, secretJson } from './imds';
import { type Caller, post } from './post';

export type Parameter = {
  readonly name: string;
  readonly version: number;
  readonly value: string;
  /** Epoch seconds. */
  readonly modified: number;
};

/** Parameter Store, as the sync reads it. `get` takes a name or `name:version`, and gives `undefined` for what does not exist. */
export type Parameters = {
  readonly get: (name: string) => Promise<Parameter | undefined>;
  /** Reads `name:version` selectors. What does not exist is missing in the answer. */
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

/** AWS: GetParameters takes at most ten names. */
const namesPerCall = 10;

/** Signed calls to Parameter Store. Who the instance is, is asked at the first call. */
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
    get: async (name) => {
      const { Parameter: found } = await call('GetParameter', { Name: name }).catch(ifMissing);
      return found === undefined ? undefined : parameter(found as Raw);
    },
    getAll: async (selectors, { decrypted }) => {
      const values = new Map<string, string>();
      for (let start = 0; start < selectors.length; start += namesPerCall) {
        const Names = selectors.slice(start, start + namesPerCall);
        const { Parameters: found } = await call('GetParameters', { Names, WithDecryption: decrypted });
        for (const selector of Names) {
          const answer = answerTo(selector, found as Raw[]);
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

const notFound = ['ParameterNotFound', 'ParameterVersionNotFound'];

function ifMissing(error: Error): Record<string, unknown> {
  if (notFound.includes(error.name)) return {};
  throw error;
}

async function ask(caller: Caller, action: string, body: string): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AmazonSSM.${action}` };
  const answer = await post(caller, headers, body);
  if (answer.status === 200) return secretJson(answer.body, `Parameter Store's answer to ${action} of ${named(body)}`);

  // The body of a refusal holds no secret, but of an answer it could: only the kind is told.
  const kind = /"(?:__type|code)"\s*:\s*"(?:[^"#]*#)?(\w+)/.exec(answer.body)?.[1] ?? `status ${answer.status}`;
  throw Object.assign(new Error(`Parameter Store refused ${action} of ${named(body)}: ${kind}`), { name: kind });
}

const named = (body: string): string => {
  const { Name, Names } = JSON.parse(body) as { Name?: string; Names?: string[] };
  return Name ?? `${Names?.[0]}${(Names?.length ?? 0) > 1 ? ` and ${(Names?.length ?? 0) - 1} more` : ''}`;
};
