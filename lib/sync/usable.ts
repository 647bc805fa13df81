import type { Certificate } from '../generation/generation';
import type { File } from '../haproxy/render';
import type { Installed } from './disk/installed';
import { isPair, orderAnew, standIn } from './pem';
import type { Wanted } from './wanted';

/** A certificate with its file, and why it is not the published one. */
export type Usable = { readonly certificate: Certificate; readonly file: File; readonly fault?: string };

/** A certificate as it is installed. A damaged file would keep HAProxy from its next start. */
export function usableInstalled(installed: Installed, name: string): Usable | undefined {
  const certificate = installed.generation.certificates.find((other) => other.name === name);
  const file = usablePem(installed, fileName(name));
  return certificate && file && { certificate, file };
}

/** A generation with just these certificates. A client without SNI sees the first of them, or a stand-in where there is none. */
export function assembled(
  current: Wanted['current'],
  usable: readonly Usable[],
  installed: Installed,
  makeStandIn: () => string,
): Pick<Wanted, 'current' | 'pems'> {
  const [first] = usable;
  const text = first?.file.text ?? installedStandIn(installed)?.text ?? makeStandIn();
  const certificates = usable.map(({ certificate }) => certificate);
  return {
    current: { ...current, generation: { ...current.generation, certificates } },
    pems: [{ name: standIn, text }, ...usable.map(({ file }) => file)],
  };
}

type Hands = {
  readonly makeStandIn: () => string;
  /** Why HAProxy refuses the certificate of a file by itself. */
  readonly whyRefused: (path: string) => string | undefined;
};

/**
 * What is left of a generation that HAProxy refuses, where single certificates are why: each is left as it is installed, or out.
 * `undefined` where none is.
 *
 * @param staging the folder that HAProxy refused
 */
export function withoutRefused(
  wanted: Wanted,
  staging: string,
  installed: Installed,
  { makeStandIn, whyRefused }: Hands,
): Wanted | undefined {
  const judge = (folder: string, name: string) => whyRefused(`${folder}/certificates/${fileName(name)}`);
  const faults: string[] = [];
  const usable = wanted.current.generation.certificates.flatMap((certificate): readonly Usable[] => {
    const { name } = certificate;
    const file = wanted.pems.find((other) => other.name === fileName(name));
    const why = judge(staging, name);
    if (file && why === undefined) return [{ certificate, file }];
    faults.push(`HAProxy refuses the certificate ${name}${why}; ${orderAnew(name)}`);
    const old = usableInstalled(installed, name);
    return old && old.file.text !== file?.text && judge(installed.folder, name) === undefined ? [old] : [];
  });
  if (faults.length === 0) return undefined;
  const rest = assembled(wanted.current, usable, installed, makeStandIn);
  return { ...rest, files: wanted.files, faults: [...wanted.faults, ...faults] };
}

const fileName = (name: string): string => `${name}.pem`;

const usablePem = ({ pems }: Installed, name: string): File | undefined =>
  pems.find((file) => file.name === name && isPair(file.text));

/** Its file may hold the first certificate instead. */
function installedStandIn(installed: Installed): File | undefined {
  const file = usablePem(installed, standIn);
  const isOther = installed.pems.some(({ name, text }) => name !== standIn && text === file?.text);
  return isOther ? undefined : file;
}
