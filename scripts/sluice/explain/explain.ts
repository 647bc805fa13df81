import { type Run, Stop } from '../verb';

export const run: Run = async () => {
  throw new Stop('explain is not built yet.');
};
