import { GetParameterCommand, ParameterNotFound, type SSMClient } from '@aws-sdk/client-ssm';

import type { Accounts } from '../certificates/acme/ca';
import type { Issued } from '../certificates/acme/order';
import type { Journal } from '../certificates/challenges/dns';
import { parseAnswers } from '../certificates/challenges/record-sets';
import { parseState, type State } from '../certificates/due/state';
import { type Certificate, certificateIndexName, certificateNames, parseCertificates } from '../generation/generation';
import { always, atNextRun, doing } from './calls';
import { getParameters, putParameter } from './parameters';

export type CertificateStore = {
  /** What does not exist is missing in the answer, and so is what is damaged: that is told of. */
  readonly readStates: (
    names: readonly string[],
    damaged: (name: string, error: Error) => void,
  ) => Promise<ReadonlyMap<string, State>>;
  readonly writeState: (name: string, state: State) => Promise<void>;
  readonly readIndex: () => Promise<readonly Certificate[]>;
  readonly writeIndex: (certificates: readonly Certificate[]) => Promise<void>;
  /** Gives the versions that were written. */
  readonly writeCertificate: (name: string, issued: Issued) => Promise<Pick<Certificate, 'key' | 'chain'>>;
  readonly journal: Journal;
  readonly accounts: Accounts;
};

/** Certificates in Parameter Store, below a stage's prefix, and what renewing remembers of them. */
export function certificateStore(client: SSMClient, prefix: string): CertificateStore {
  const at = (path: string): string => `${prefix}/acme/${path}`;
  const read = async <Value>(name: string, parse: (text: string) => Value): Promise<Value | undefined> => {
    const value = (await getParameters(client, [name], atNextRun)).get(name)?.Value;
    return value === undefined ? undefined : parsed(name, value, parse);
  };
  const readAccounts = async () => secretJson(at('account'), (await readSecret(client, at('account'))) ?? '{}');

  return {
    readStates: async (names, damaged) => {
      const found = await getParameters(
        client,
        names.map((name) => at(`state/${name}`)),
        atNextRun,
      );
      const states = new Map<string, State>();
      for (const name of names) {
        const value = found.get(at(`state/${name}`))?.Value;
        try {
          if (value !== undefined) states.set(name, parsed(at(`state/${name}`), value, parseState));
        } catch (error) {
          damaged(name, error as Error);
        }
      }
      return states;
    },
    writeState: async (name, state) => void (await put(client, at(`state/${name}`), JSON.stringify(state))),
    readIndex: async () => (await read(certificateIndexName(prefix), parseCertificates)) ?? [],
    writeIndex: async (all) => void (await put(client, certificateIndexName(prefix), JSON.stringify(all))),
    writeCertificate: async (name, { key, leaf, chain }) => {
      const names = certificateNames(prefix, name);
      return {
        key: await put(client, names.key, `${key.trim()}\n${leaf.trim()}\n`, 'SecureString'),
        chain: await put(client, names.chain, chain),
      };
    },
    journal: {
      read: async () => (await read(at('journal'), parseAnswers)) ?? [],
      write: async (answers) => void (await put(client, at('journal'), JSON.stringify(answers))),
    },
    accounts: {
      read: async (directory) => (await readAccounts())[directory],
      keep: async (directory, key) => {
        const all = JSON.stringify({ ...(await readAccounts()), [directory]: key });
        await put(client, at('account'), all, 'SecureString');
      },
    },
  };
}

function parsed<Value>(name: string, text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (error) {
    const remedy = 'put an older version back, or delete it to begin anew';
    throw new Error(`${name} is damaged (${(error as Error).message}); ${remedy}`, { cause: error });
  }
}

/** A parser's error would repeat a piece of what it read. */
function secretJson(name: string, text: string): Record<string, string> {
  try {
    const read = JSON.parse(text) as Record<string, string>;
    if (typeof read === 'object' && Object.values(read).every((value) => typeof value === 'string')) return read;
  } catch {}
  throw new Error(`${name} is damaged; put an older version back, or delete it to make a new account`);
}

async function readSecret(client: SSMClient, Name: string): Promise<string | undefined> {
  const asked = client.send(new GetParameterCommand({ Name, WithDecryption: true })).then(
    ({ Parameter }) => always('Value', Parameter?.Value),
    (error) => {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    },
  );
  return doing(`Reading ${Name}`, asked, atNextRun);
}

const put = (client: SSMClient, name: string, value: string, type: 'String' | 'SecureString' = 'String') =>
  putParameter(client, name, value, { type, otherwise: atNextRun });
