import { type Run, Stop } from '../verb';

export const run: Run = async () => {
  throw new Stop('remove is not built yet.');
};
