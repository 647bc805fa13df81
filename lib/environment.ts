import { z } from 'zod';

/** Of a stage in Parameter Store. */
export const prefix = z.string().regex(/^\/sluice\/[A-Za-z0-9-]+$/, 'must be /sluice/<stage>');

/** Comma separated; may be empty. */
export const list = z.string().transform((text) => text.split(',').filter((item) => item !== ''));

/** What is no JSON is `undefined`: no list of anything either, and said so. */
export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads what a function is told by its environment. @throws one error that names every setting that is missing or wrong. */
export function readEnvironment<Shape extends z.ZodType>(
  schema: Shape,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<Shape> {
  const read = schema.safeParse(environment);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`Settings of the function are faulty, deploy them again: ${problems.join('; ')}`);
}
