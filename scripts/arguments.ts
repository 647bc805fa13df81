/**
 * Reads the number of a command line option.
 *
 * @throws when it is not a number, or too small; the message names the option.
 */
export function numberOf(name: string, given: string | undefined, fallback: number, least = 0): number {
  if (given === undefined) return fallback;
  const value = Number(given);
  if (given === '' || !Number.isFinite(value) || value < least)
    throw new Error(`--${name} ${given}: must be a number, ${least} or more`);
  return value;
}
