import { type Run, Stop } from '../verb';

export const run: Run = async () => {
  throw new Stop('replace is not built yet.');
};
