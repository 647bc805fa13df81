import type { Asked, Order } from '../requests';

/** What a sender needs to know of one request. `sent` is called when it is on its way. */
export type Sending = {
  readonly asked: Asked;
  readonly order: Order;
  /** The visitor's address. */
  readonly from: string | undefined;
  readonly size: number;
  readonly sent: () => void;
};

/** Longer than any answer takes. */
export const patienceMs = 30_000;
