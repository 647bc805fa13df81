import { X509Certificate } from 'node:crypto';

import {
  type Certificate,
  certificateNames,
  currentName,
  pack,
  pieceName,
  printGeneration,
  sha256,
} from '../../lib/generation/generation';
import type { Backend } from '../../lib/haproxy/backend';
import { type File, render } from '../../lib/haproxy/render';
import type { parameterStore } from '../local/ssm/parameters';

export const prefix = '/sluice/test';

/** Writes generations as `lib/aws/parameters.ts` does, a file that did not change not again, and returns their numbers. */
export function publisherTo(store: ReturnType<typeof parameterStore>) {
  const put = (Name: string, Value: string, Type = 'String') =>
    store.put({ Name, Value, Type, Overwrite: true, Tier: 'Intelligent-Tiering' }).Version;
  const written = new Map<string, { readonly text: string; readonly versions: readonly number[] }>();
  const versionsOf = ({ name, text }: File): readonly number[] => {
    const known = written.get(name);
    if (known?.text === text) return known.versions;
    const versions = pack(text).map((part, index) => put(pieceName(prefix, name, index), part));
    written.set(name, { text, versions });
    return versions;
  };
  const publishFiles = (all: readonly File[], certificates: readonly Certificate[] = []): number => {
    const files = all.map((file) => ({ name: file.name, sha256: sha256(file.text), versions: versionsOf(file) }));
    return put(currentName(prefix), printGeneration({ files, certificates }).join(''));
  };
  return {
    put,
    publishFiles,
    publish: (backends: readonly Backend[], certificates: readonly Certificate[] = []): number =>
      publishFiles(render({ backends, certified: [] }), certificates),
    /** Stores a certificate and returns its entry for a generation. */
    storeCertificate: (
      name: string,
      { key, chain = certificateOf(key) }: { readonly key: string; readonly chain?: string },
    ): Certificate => {
      const names = certificateNames(prefix, name);
      const versions = { key: put(names.key, key, 'SecureString'), chain: put(names.chain, chain) };
      const { serialNumber } = new X509Certificate(key.replace(/[\r\n]+/g, '\n'));
      return { name, names: [name], serial: serialNumber, ...versions };
    },
  };
}

/** Without its key. A chain that repeats a self-signed certificate is one that needs none; a parameter must not be empty. */
export const certificateOf = (pem: string): string => pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));
