import { type Run, Stop } from '../verb';

export const run: Run = async () => {
  throw new Stop('labels is not built yet.');
};
