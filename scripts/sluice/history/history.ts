import { type Run, Stop } from '../verb';

export const run: Run = async () => {
  throw new Stop('history is not built yet.');
};
