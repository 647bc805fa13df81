import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { packaged, packageSources, sourceFiles, type Variant, variants } from '../../scripts/real/package';

export type Statement = {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: object;
};
export type Resource = { Type: string; Properties: Record<string, unknown>; DependsOn?: string | string[] };
export type Template = ReturnType<typeof read>;

/** The packaged template of a variant, as CloudFormation gets it. */
export const templateOf = async (variant: Variant = 'default', stage = 'dev') => read(await packaged(variant, stage));

/** The templates of some variants for one test file; all variants unless some are named. */
export function templatesFor(...some: readonly Variant[]) {
  const found = new Map<Variant, Template>();
  beforeAll(async () => {
    for (const variant of some.length > 0 ? some : allVariants) found.set(variant, await templateOf(variant));
  }, 600_000);
  return (variant: Variant = 'default') => found.get(variant) as Template;
}
export const allVariants = Object.keys(variants) as Variant[];

const templateFile = 'cloudformation-template-update-stack.json';

function read(folder: string) {
  const text = readFileSync(join(folder, templateFile), 'utf8');
  const { Resources: resources } = JSON.parse(text) as { Resources: Record<string, Resource> };

  const properties = <Shape>(id: string): Shape => resources[id]?.Properties as Shape;
  const statements = (role: string): Statement[] =>
    properties<{ Policies?: { PolicyDocument: { Statement: Statement[] } }[] }>(role).Policies?.flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    ) ?? [];

  return {
    text,
    resources,
    properties,
    statements,
    /** Logical id and properties of each resource of a type. */
    ofType: <Shape = Record<string, unknown>>(type: string): [string, Shape][] =>
      Object.entries(resources)
        .filter(([, { Type }]) => Type === type)
        .map(([id, { Properties }]) => [id, Properties as Shape]),
  };
}

type Edits = Readonly<Record<string, (text: string) => string>>;

/** The template of the same sources with some files edited, in a copy that is gone afterwards. */
export const templateWith = (edits: Edits): Promise<Template> => packagedWith(edits, read);

/** Passes the package of the same sources with some files edited to `use`; it is gone afterwards. */
export const packagedWith = <Result>(
  edits: Edits,
  use: (folder: string) => Result | Promise<Result>,
): Promise<Result> =>
  inCopy(async (copy) => {
    apply(edits, copy);
    await packageSources(copy, join(copy, 'packaged'), []);
    return await use(join(copy, 'packaged'));
  });

/** The same for edits of the sync alone, which change no more than its document. It needs no packager. */
export const packagedWithSync = (edits: Edits, use: (folder: string) => Promise<void>): Promise<void> =>
  inCopy(async (copy) => {
    apply(edits, copy);
    const into = join(copy, 'packaged');
    cpSync(await packaged(), into, { recursive: true });
    const { document } = require(join(copy, 'resources/sync.cjs')) as {
      document: (stage: string, prefix: string) => { Resources: object };
    };
    const template = JSON.parse(readFileSync(join(into, templateFile), 'utf8'));
    Object.assign(template.Resources, document('dev', '/sluice/dev').Resources);
    writeFileSync(join(into, templateFile), JSON.stringify(template));
    await use(into);
  });

function apply(edits: Edits, copy: string): void {
  for (const [name, edit] of Object.entries(edits)) {
    const before = readFileSync(join(copy, name), 'utf8');
    const after = edit(before);
    if (after === before) throw new Error(`the edit of ${name} changes nothing`);
    writeFileSync(join(copy, name), after);
  }
}

/** Passes a copy of all that a package is made of to `use`, for two packagings in one folder disturb each other. */
export async function inCopy<Result>(use: (copy: string) => Promise<Result>): Promise<Result> {
  const copy = mkdtempSync(join(tmpdir(), 'sluice-edited-'));
  try {
    for (const each of sourceFiles()) {
      mkdirSync(join(copy, dirname(each)), { recursive: true });
      cpSync(join(root, each), join(copy, each));
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    return await use(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const root = join(__dirname, '../..');
