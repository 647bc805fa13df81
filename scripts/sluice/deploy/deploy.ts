import { type Run, Stop } from '../verb';

export const run: Run = async () => {
  throw new Stop('deploy is not built yet.');
};
