import { refuse } from '../api/errors';

type Version = {
  readonly value: string;
  readonly type: string;
  readonly tier: string;
  readonly version: number;
  /** Epoch seconds. */
  readonly at: number;
};
type Put = { Name: string; Value: string; Type?: string; Overwrite?: boolean; Tier?: string };
type ByPath = { Path: string; Recursive?: boolean; WithDecryption?: boolean; NextToken?: string };
type ByName = { Name: string; WithDecryption?: boolean };
type ByNames = { Names: string[]; WithDecryption?: boolean };

/** Versions by name, the oldest first. Every function below reads or changes it. */
export type Parameters = Map<string, readonly Version[]>;

/** Versions that Parameter Store keeps (AWS: PutParameter). */
const kept = 100;

/**
 * Parameter Store: the handlers for the API, and `put`, `read` and `forget` for a test's own hand.
 * Played: versions, selectors, the limits of the tiers. Not played: labels, policies, KMS, eventual consistency.
 */
export function parameterStore(now = Date.now) {
  const parameters: Parameters = new Map();
  const put = (input: Put) => putParameter(parameters, input, now());
  return {
    put,
    /** The newest value, as somebody with every right would read it. */
    read: (selector: string): string | undefined => findParameter(parameters, selector)?.value,
    /** The number of the newest version, 0 where there is none. */
    version: (name: string): number => findParameter(parameters, name)?.version ?? 0,
    /** Deletes a parameter by hand, with all its versions. */
    forget: (name: string): void => void parameters.delete(name),
    handlers: {
      'ssm:PutParameter': put,
      'ssm:GetParameter': (input: ByName) => getParameter(parameters, input),
      'ssm:GetParameters': (input: ByNames) => getParameters(parameters, input),
      'ssm:GetParametersByPath': (input: ByPath) => getParametersByPath(parameters, input),
      'ssm:DeleteParameters': (input: ByNames) => deleteParameters(parameters, input),
      'ssm:DeleteParameter': ({ Name }: ByName) => (parameters.delete(Name) ? {} : refuse('ParameterNotFound', '')),
    },
  };
}

/** AWS: PutParameter. @throws AwsError as AWS does. */
export function putParameter(parameters: Parameters, input: Put, now: number): { Version: number; Tier: string } {
  const { Name, Value, Type, Overwrite = false, Tier = 'Standard' } = input;
  const versions = parameters.get(Name) ?? [];
  const last = versions.at(-1);
  if (last && !Overwrite) refuse('ParameterAlreadyExists', 'The parameter already exists.');
  const type = Type ?? last?.type ?? invalid('A parameter type is required when you create a parameter.');
  checkName(Name);
  const tier = fittingTier(Tier, Value, last?.tier);
  const version = (last?.version ?? 0) + 1;
  parameters.set(Name, [...versions, { value: Value, type, tier, version, at: now / 1000 }].slice(-kept));
  return { Version: version, Tier: tier };
}

type Found = Version & { readonly name: string; readonly selector?: string };

/** Finds the newest version of `name`, or with `name:version` exactly that one. */
export function findParameter(parameters: Parameters, selector: string): Found | undefined {
  const [, name = '', version] = /^(.*?)(?::(\d+))?$/.exec(selector) ?? [];
  const versions = parameters.get(name);
  if (version === undefined) return versions && { ...(versions.at(-1) as Version), name };
  const found = versions?.find((each) => each.version === Number(version));
  return found && { ...found, name, selector: `:${version}` };
}

/** In the shape of an answer. */
function describe(parameters: Parameters, selector: string, decrypt: boolean) {
  const found = findParameter(parameters, selector);
  if (!found) return undefined;
  const { name, value, type, version, at, selector: Selector } = found;
  const isHidden = type === 'SecureString' && !decrypt;
  return {
    ARN: `arn:aws:ssm:eu-west-2:123456789012:parameter${name}`,
    DataType: 'text',
    LastModifiedDate: at,
    Name: name,
    ...(Selector && { Selector }),
    Type: type,
    Value: isHidden ? Buffer.from(`encrypted ${name} ${version}`).toString('base64') : value,
    Version: version,
  };
}

function getParameter(parameters: Parameters, { Name, WithDecryption = false }: ByName) {
  const Parameter = describe(parameters, Name, WithDecryption);
  if (Parameter) return { Parameter };
  if (/:\d+$/.test(Name) && findParameter(parameters, Name.replace(/:\d+$/, '')))
    refuse('ParameterVersionNotFound', `Systems Manager could not find version of ${Name}.`);
  return refuse('ParameterNotFound', '');
}

/** Ten names at most; what is not there is named, and is no error (AWS: GetParameters). */
function getParameters(parameters: Parameters, { Names, WithDecryption = false }: ByNames) {
  checkCount(Names);
  if (new Set(Names).size < Names.length) invalid('Parameter names must be unique');
  const found = Names.map((name) => describe(parameters, name, WithDecryption));
  return {
    Parameters: found.filter((parameter) => parameter !== undefined),
    InvalidParameters: Names.filter((_, index) => found[index] === undefined),
  };
}

/** Ten at a time, and no error where nothing is (AWS: GetParametersByPath). */
function getParametersByPath(parameters: Parameters, input: ByPath) {
  const { Path, Recursive = false, WithDecryption = false, NextToken = '0' } = input;
  const below = [...parameters.keys()].sort().filter((name) => name.startsWith(`${Path}/`));
  const names = Recursive ? below : below.filter((name) => !name.slice(Path.length + 1).includes('/'));
  const end = Number(NextToken) + 10;
  return {
    Parameters: names.slice(Number(NextToken), end).map((name) => describe(parameters, name, WithDecryption)),
    ...(end < names.length && { NextToken: String(end) }),
  };
}

function deleteParameters(parameters: Parameters, { Names }: ByNames) {
  checkCount(Names);
  const DeletedParameters = Names.filter((name) => parameters.delete(name));
  return { DeletedParameters, InvalidParameters: Names.filter((name) => !DeletedParameters.includes(name)) };
}

const invalid = (message: string): never => refuse('ValidationException', message);

const checkCount = ({ length }: readonly string[]): unknown =>
  (length >= 1 && length <= 10) || invalid('Member must have length between 1 and 10');

function checkName(name: string): void {
  const isTooDeep = name.split('/').length - 1 > 15;
  if (!/^\/?[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/.test(name) || /^\/?(aws|ssm)/i.test(name) || isTooDeep)
    invalid(`Parameter name: no prefix "aws" or "ssm", only letters, numbers and .-_/, 15 levels: ${name}`);
}

/** AWS: Parameter tiers. 4,096 bytes in Standard, 8,192 in Advanced, which never goes back. */
function fittingTier(asked: string, value: string, last: string | undefined): string {
  const bytes = Buffer.byteLength(value);
  if (bytes === 0) invalid('Value must have length greater than or equal to 1');
  if (value.includes('{{')) invalid('Parameter value can’t nest another parameter: {{');
  const fitting = bytes > 4096 || last === 'Advanced' ? 'Advanced' : 'Standard';
  const wanted = asked === 'Intelligent-Tiering' ? fitting : asked;
  if (wanted === 'Standard' && last === 'Advanced') invalid('An advanced parameter can’t become a standard one.');
  const most = wanted === 'Standard' ? 4096 : 8192;
  if (bytes > most) invalid(`${wanted} tier parameters support a maximum parameter value of ${most} characters.`);
  return wanted;
}
