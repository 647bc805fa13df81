import { type Run, Stop } from '../verb';

export const run: Run = async () => {
  throw new Stop('check is not built yet.');
};
