import { runCost } from '../cost';
import type { Run } from './verb';

export const run: Run = (_given, _deps, ...args) => runCost(args);
