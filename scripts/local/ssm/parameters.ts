import { refuse } from '../api/errors';

type Version = {
  readonly value: string;
  readonly type: string;
  readonly tier: string;
  readonly version: number;
  readonly at: number;
  readonly description?: string;
};
type Put = { Name: string; Value: string; Type?: string; Overwrite?: boolean; Tier?: string; Description?: string };
type ByPath = { Path: string; Recursive?: boolean; WithDecryption?: boolean; NextToken?: string };
type ByName = { Name: string; WithDecryption?: boolean };
type ByNames = { Names: string[]; WithDecryption?: boolean };

/** Versions by name, the oldest first. */
type Parameters = Map<string, readonly Version[]>;

/** Versions that Parameter Store keeps (AWS: PutParameter). */
const kept = 100;

/**
 * Parameter Store: the handlers for the API, and `put`, `read` and `forget` for a test's own hand.
 * Played: versions, selectors, the limits of the tiers. Not played: labels, policies, KMS, eventual consistency.
 */
export function parameterStore(now = Date.now) {
  const parameters: Parameters = new Map();
  const put = (input: Put) => putParameter(parameters, input, now());
  const find = (selector: string) => findParameter(parameters, selector);
  return {
    put,
    /** The newest value, decrypted. */
    read: (selector: string): string | undefined => find(selector)?.value,
    /** The number of the newest version, 0 where there is none. */
    version: (name: string): number => find(name)?.version ?? 0,
    /** All versions, the oldest first. */
    versions: (name: string): readonly Version[] => parameters.get(name) ?? [],
    forget: (name: string): void => void parameters.delete(name),
    handlers: {
      'ssm:PutParameter': put,
      'ssm:GetParameter': (input: ByName) => getParameter(find, input),
      'ssm:GetParameters': (input: ByNames) => getParameters(find, input),
      'ssm:GetParametersByPath': (input: ByPath) => getParametersByPath([...parameters.keys()], find, input),
      'ssm:DeleteParameters': ({ Names }: ByNames) => {
        checkCount(Names);
        const DeletedParameters = Names.filter((name) => parameters.delete(name));
        return { DeletedParameters, InvalidParameters: Names.filter((name) => !DeletedParameters.includes(name)) };
      },
      'ssm:DeleteParameter': ({ Name }: ByName) => (parameters.delete(Name) ? {} : refuse('ParameterNotFound', '')),
    },
  };
}

function putParameter(parameters: Parameters, input: Put, now: number): { Version: number; Tier: string } {
  const { Name, Value, Type, Overwrite = false, Tier = 'Standard', Description: description } = input;
  if ((description?.length ?? 0) > 1024) invalid('Description must have length less than or equal to 1024');
  const versions = parameters.get(Name) ?? [];
  const last = versions.at(-1);
  if (last && !Overwrite) refuse('ParameterAlreadyExists', 'The parameter already exists.');
  const type = Type ?? last?.type ?? invalid('A parameter type is required when you create a parameter.');
  checkName(Name);
  const tier = fittingTier(Tier, Value, last?.tier);
  const version = (last?.version ?? 0) + 1;
  const written = { value: Value, type, tier, version, at: now / 1000, ...(description && { description }) };
  parameters.set(Name, [...versions, written].slice(-kept));
  return { Version: version, Tier: tier };
}

type Found = Version & { readonly name: string; readonly selector?: string };
type Find = (selector: string) => Found | undefined;

/** Finds the newest version of `name`, or with `name:version` exactly that one. */
function findParameter(parameters: Parameters, selector: string): Found | undefined {
  const [, name = '', version] = /^(.*?)(?::(\d+))?$/.exec(selector) ?? [];
  const versions = parameters.get(name) ?? [];
  const newest = versions.at(-1);
  if (version === undefined) return newest && { ...newest, name };
  const found = versions.find((each) => each.version === Number(version));
  return found && { ...found, name, selector: `:${version}` };
}

function shape({ name, value, type, version, at, selector }: Found, decrypt = false) {
  const isHidden = type === 'SecureString' && !decrypt;
  return {
    ARN: `arn:aws:ssm:eu-west-2:123456789012:parameter${name}`,
    DataType: 'text',
    LastModifiedDate: at,
    Name: name,
    ...(selector && { Selector: selector }),
    Type: type,
    Value: isHidden ? Buffer.from(`encrypted ${name} ${version}`).toString('base64') : value,
    Version: version,
  };
}

function getParameter(find: Find, { Name, WithDecryption }: ByName) {
  const found = find(Name);
  if (found) return { Parameter: shape(found, WithDecryption) };
  if (find(Name.replace(/:\d+$/, '')))
    refuse('ParameterVersionNotFound', `Systems Manager could not find version of ${Name}.`);
  return refuse('ParameterNotFound', '');
}

/** Ten names at most. The answer lists missing names, which are no error (AWS: GetParameters). */
function getParameters(find: Find, { Names, WithDecryption }: ByNames) {
  checkCount(Names);
  if (new Set(Names).size < Names.length) invalid('Parameter names must be unique');
  return {
    Parameters: Names.flatMap((name) => find(name) ?? []).map((each) => shape(each, WithDecryption)),
    InvalidParameters: Names.filter((name) => find(name) === undefined),
  };
}

/** Ten at a time. A path without parameters is no error (AWS: GetParametersByPath). */
function getParametersByPath(names: readonly string[], find: Find, input: ByPath) {
  const { Path, Recursive = false, WithDecryption, NextToken = '0' } = input;
  const isMeant = (name: string) => Recursive || !name.slice(Path.length + 1).includes('/');
  const below = names.filter((name) => name.startsWith(`${Path}/`) && isMeant(name)).sort();
  const end = Number(NextToken) + 10;
  const page = below.slice(Number(NextToken), end).flatMap((name) => find(name) ?? []);
  return {
    Parameters: page.map((each) => shape(each, WithDecryption)),
    ...(end < below.length && { NextToken: String(end) }),
  };
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
