import { AwsError } from '../api/errors';

type Version = {
  readonly value: string;
  readonly type: string;
  readonly tier: string;
  readonly version: number;
  readonly at: number;
};
type Put = { Name: string; Value: string; Type?: string; Overwrite?: boolean; Tier?: string };
type ByPath = { Path: string; Recursive?: boolean; WithDecryption?: boolean; NextToken?: string };

/** Versions that Parameter Store keeps (AWS: PutParameter). */
const kept = 100;

/**
 * Parameter Store: the handlers for the API, and `put` for a test's own hand.
 * Played: versions, selectors, the limits of the tiers. Not played: labels, policies, KMS, eventual consistency.
 */
export function parameterStore() {
  const parameters = new Map<string, Version[]>();

  /** AWS: PutParameter. @throws AwsError as AWS does. */
  function put({ Name, Value, Type, Overwrite = false, Tier = 'Standard' }: Put): { Version: number; Tier: string } {
    const versions = parameters.get(Name) ?? [];
    const last = versions.at(-1);
    if (last && !Overwrite) throw new AwsError('ParameterAlreadyExists', 'The parameter already exists.');
    const type = Type ?? last?.type ?? invalid('A parameter type is required when you create a parameter.');
    checkName(Name);
    const tier = fittingTier(Tier, Value, last?.tier);
    const version = (last?.version ?? 0) + 1;
    parameters.set(Name, [...versions, { value: Value, type, tier, version, at: Date.now() / 1000 }].slice(-kept));
    return { Version: version, Tier: tier };
  }

  /** `name`, or `name:version` for exactly that one. */
  const find = (selector: string): (Version & { name: string; selector?: string }) | undefined => {
    const [, name = '', version] = /^(.*?)(?::(\d+))?$/.exec(selector) ?? [];
    const versions = parameters.get(name);
    if (version === undefined) return versions && { ...(versions.at(-1) as Version), name };
    const found = versions?.find((each) => each.version === Number(version));
    return found && { ...found, name, selector: `:${version}` };
  };

  const describe = (selector: string, decrypt: boolean) => {
    const found = find(selector);
    if (!found) return undefined;
    const { name, value, type, version, at, selector: Selector } = found;
    const hidden = type === 'SecureString' && !decrypt;
    return {
      ARN: `arn:aws:ssm:eu-west-2:123456789012:parameter${name}`,
      DataType: 'text',
      LastModifiedDate: at,
      Name: name,
      ...(Selector && { Selector }),
      Type: type,
      Value: hidden ? Buffer.from(`encrypted ${name} ${version}`).toString('base64') : value,
      Version: version,
    };
  };

  return {
    put,
    /** The newest value, as somebody with every right would read it. */
    read: (selector: string): string | undefined => find(selector)?.value,
    /** Deleted by hand, with all its versions. */
    forget: (name: string): void => void parameters.delete(name),
    handlers: {
      'ssm:PutParameter': put,

      'ssm:DeleteParameter': ({ Name }: { Name: string }) => {
        if (!parameters.delete(Name)) throw new AwsError('ParameterNotFound', '');
        return {};
      },

      // Ten at a time, and no error where nothing is (AWS: GetParametersByPath).
      'ssm:GetParametersByPath': ({ Path, Recursive = false, WithDecryption = false, NextToken = '0' }: ByPath) => {
        const below = [...parameters.keys()].sort().filter((name) => name.startsWith(`${Path}/`));
        const names = Recursive ? below : below.filter((name) => !name.slice(Path.length + 1).includes('/'));
        const end = Number(NextToken) + 10;
        return {
          Parameters: names.slice(Number(NextToken), end).map((name) => describe(name, WithDecryption)),
          ...(end < names.length && { NextToken: String(end) }),
        };
      },

      'ssm:DeleteParameters': ({ Names }: { Names: string[] }) => {
        if (Names.length === 0 || Names.length > 10) invalid('Member must have length between 1 and 10');
        const DeletedParameters = Names.filter((name) => parameters.delete(name));
        return { DeletedParameters, InvalidParameters: Names.filter((name) => !DeletedParameters.includes(name)) };
      },

      'ssm:GetParameter': ({ Name, WithDecryption = false }: { Name: string; WithDecryption?: boolean }) => {
        const Parameter = describe(Name, WithDecryption);
        if (Parameter) return { Parameter };
        if (/:\d+$/.test(Name) && find(Name.replace(/:\d+$/, ''))) {
          throw new AwsError('ParameterVersionNotFound', `Systems Manager could not find version of ${Name}.`);
        }
        throw new AwsError('ParameterNotFound', '');
      },

      // Ten names at most; what is not there is named, not an error (AWS: GetParameters).
      'ssm:GetParameters': ({ Names, WithDecryption = false }: { Names: string[]; WithDecryption?: boolean }) => {
        if (Names.length === 0 || Names.length > 10) invalid('Member must have length between 1 and 10');
        if (new Set(Names).size < Names.length) invalid('Parameter names must be unique');
        const found = Names.map((name) => describe(name, WithDecryption));
        return {
          Parameters: found.filter((parameter) => parameter !== undefined),
          InvalidParameters: Names.filter((_, index) => found[index] === undefined),
        };
      },
    },
  };
}

const invalid = (message: string): never => {
  throw new AwsError('ValidationException', message);
};

function checkName(name: string): void {
  const tooDeep = name.split('/').length - 1 > 15;
  if (!/^\/?[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/.test(name) || /^\/?(aws|ssm)/i.test(name) || tooDeep) {
    invalid(
      `Parameter name: can't be prefixed with "aws" or "ssm", only a mix of letters, numbers and .-_/, 15 levels: ${name}`,
    );
  }
}

/** AWS: Parameter tiers. 4,096 bytes in Standard, 8,192 in Advanced, which never goes back. */
function fittingTier(asked: string, value: string, last: string | undefined): string {
  const bytes = Buffer.byteLength(value);
  if (bytes === 0) invalid('Value must have length greater than or equal to 1');
  if (value.includes('{{')) invalid('Parameter value can’t nest another parameter: {{');
  const wanted =
    asked === 'Intelligent-Tiering' ? (bytes > 4096 || last === 'Advanced' ? 'Advanced' : 'Standard') : asked;
  if (wanted === 'Standard' && last === 'Advanced') invalid('An advanced parameter can’t become a standard one.');
  if (bytes > (wanted === 'Standard' ? 4096 : 8192)) {
    invalid(
      `${wanted} tier parameters support a maximum parameter value of ${wanted === 'Standard' ? 4096 : 8192} characters.`,
    );
  }
  return wanted;
}
