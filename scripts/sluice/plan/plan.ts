import { type Run, Stop } from '../verb';

export const run: Run = async () => {
  throw new Stop('plan is not built yet.');
};
