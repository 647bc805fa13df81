/** Ends a history: a law did not hold. @throws always, with the law's words */
export function broken(law: string, detail: unknown): never {
  throw new Error(`${law}: ${JSON.stringify(detail)}`);
}
