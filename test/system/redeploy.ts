import { type Document, readStack } from '../../scripts/local/package/stack';
import type { World } from '../../scripts/local/world';

/** Steps of an update. */
export type Redeployed = 'documents' | 'functions' | 'associations' | 'templates' | 'cleanup';

/**
 * Deploys another package over the world's own, without its event. CloudFormation makes the new document first; then it takes what
 * names it, in any order; at last, in the clean-up, it deletes the old one (AWS: update behaviors of stack resources, replacement).
 */
export function redeploy(
  { aws: { stack, functions, api }, proxies }: World,
  from: string,
  ...parts: Redeployed[]
): void {
  const addresses = proxies.addresses.map(({ ports }) => `127.0.0.1:${ports.https}`);
  const next = readStack(from, api.endpoint, addresses);
  const isNew = ({ Name }: Document) => next.documents.some((document) => document.Name === Name);
  const old = stack.documents.filter((document) => !isNew(document));
  const steps: Readonly<Record<Redeployed, () => unknown>> = {
    functions: () => next.functions.map((properties, index) => functions[index]?.update(properties, from)),
    documents: () => stack.documents.splice(0, Infinity, ...old, ...next.documents),
    associations: () => stack.associations.splice(0, Infinity, ...next.associations),
    templates: () => stack.groups.splice(0, Infinity, ...next.groups),
    cleanup: () => stack.documents.splice(0, Infinity, ...stack.documents.filter(isNew)),
  };
  for (const part of parts) steps[part]();
}
