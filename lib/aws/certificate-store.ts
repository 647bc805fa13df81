import { GetParameterCommand, ParameterNotFound, type SSMClient } from '@aws-sdk/client-ssm';

import type { Accounts } from '../certificates/acme/ca';
import type { Journal } from '../certificates/challenges/dns';
import { parseAnswers } from '../certificates/challenges/record-sets';
import { parseState, type State } from '../certificates/due/state';
import type { CertificateStore } from '../certificates/renew';
import { certificateIndexName, certificateNames, parseCertificates } from '../generation/generation';
import { always, atNextRun, doing } from './calls';
import { getParameters, putParameter } from './parameters';

type Stored = CertificateStore & { readonly journal: Journal; readonly accounts: Accounts };

export function certificateStore(client: SSMClient, prefix: string): Stored {
  const at = (path: string): string => `${prefix}/acme/${path}`;
  const index = certificateIndexName(prefix);
  return {
    readStates: (names) => readStates(client, new Map(names.map((name) => [name, at(`state/${name}`)]))),
    writeState: async (name, state) => void (await put(client, at(`state/${name}`), JSON.stringify(state))),
    readIndex: async () => (await read(client, index, parseCertificates)) ?? [],
    writeIndex: async (all) => void (await put(client, index, JSON.stringify(all))),
    writeCertificate: async (name, { key, leaf, chain }) => {
      const names = certificateNames(prefix, name);
      return {
        key: await put(client, names.key, `${key.trim()}\n${leaf.trim()}\n`, 'SecureString'),
        chain: await put(client, names.chain, chain),
      };
    },
    journal: {
      read: async () => (await read(client, at('journal'), parseAnswers)) ?? [],
      write: async (answers) => void (await put(client, at('journal'), JSON.stringify(answers))),
    },
    accounts: {
      read: async (directory) => (await readAccounts(client, at('account')))[directory],
      keep: async (directory, key) => {
        const all = JSON.stringify({ ...(await readAccounts(client, at('account'))), [directory]: key });
        await put(client, at('account'), all, 'SecureString');
      },
    },
  };
}

/** @param parameters parameters' names, by certificates' names */
async function readStates(client: SSMClient, parameters: ReadonlyMap<string, string>) {
  const found = await getParameters(client, [...parameters.values()], atNextRun);
  const states = new Map<string, State>();
  const damaged = new Map<string, Error>();
  for (const [name, parameter] of parameters) {
    const value = found.get(parameter)?.Value;
    try {
      if (value !== undefined) states.set(name, parse(parameter, value, parseState));
    } catch (error) {
      damaged.set(name, error as Error);
    }
  }
  return { states, damaged };
}

async function read<Value>(client: SSMClient, name: string, parser: (text: string) => Value) {
  const value = (await getParameters(client, [name], atNextRun)).get(name)?.Value;
  return value === undefined ? undefined : parse(name, value, parser);
}

function parse<Value>(name: string, text: string, parser: (text: string) => Value): Value {
  try {
    return parser(text);
  } catch (error) {
    const remedy = 'put an older version back, or delete it to start again';
    throw new Error(`${name} is damaged (${(error as Error).message}); ${remedy}`, { cause: error });
  }
}

async function readAccounts(client: SSMClient, Name: string): Promise<Record<string, string>> {
  const asked = client.send(new GetParameterCommand({ Name, WithDecryption: true })).then(
    ({ Parameter }) => always('Value', Parameter?.Value),
    (error) => {
      if (error instanceof ParameterNotFound) return '{}';
      throw error;
    },
  );
  return parseAccounts(Name, await doing(`Reading ${Name}`, asked, atNextRun));
}

/** Secret: the parser's error would repeat a part of the keys, so it is not passed on. */
function parseAccounts(name: string, text: string): Record<string, string> {
  try {
    const read = JSON.parse(text) as Record<string, string>;
    if (typeof read === 'object' && Object.values(read).every((value) => typeof value === 'string')) return read;
  } catch {}
  throw new Error(`${name} is damaged; put an older version back, or delete it to make a new account`);
}

const put = (client: SSMClient, name: string, value: string, type: 'String' | 'SecureString' = 'String') =>
  putParameter(client, name, value, { type, otherwise: atNextRun });
