import { type Run, Stop } from '../verb';

export const run: Run = async () => {
  throw new Stop('init is not built yet.');
};
