// The Lambda runtime (AWS: Building a custom runtime): loads the handler once, then one event a line, one outcome a line.
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [, , folder, handlerName, mark] = process.argv;
const dot = handlerName.lastIndexOf('.');
const module = await import(pathToFileURL(join(folder, `${handlerName.slice(0, dot)}.js`)));
const handler = module[handlerName.slice(dot + 1)] ?? module.default[handlerName.slice(dot + 1)];

for await (const line of createInterface({ input: process.stdin })) {
  const { event, awsRequestId, deadline } = JSON.parse(line);
  const context = {
    awsRequestId,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  const outcome = await Promise.resolve()
    .then(() => handler(event, context))
    .then(
      (result) => ({ result }),
      (error) => ({ error: `${error?.name}: ${error?.message}` }),
    );
  process.stdout.write(`${mark}${JSON.stringify(outcome)}\n`);
}
process.exit();
