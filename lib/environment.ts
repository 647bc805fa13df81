import { z } from 'zod';

export const stagePrefix = z.string().regex(/^\/sluice\/[A-Za-z0-9-]+$/, 'must be /sluice/<stage>');

export const commaSeparated = z.string().transform((text) => text.split(',').filter((item) => item !== ''));

/** Returns undefined for invalid JSON, so that the schema behind it reports the fault. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads a function's settings. @throws one error that names every setting that is missing or wrong. */
export function readEnvironment<Shape extends z.ZodType>(
  schema: Shape,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<Shape> {
  const read = schema.safeParse(environment);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`Settings of the function are faulty, deploy them again: ${problems.join('; ')}`);
}
