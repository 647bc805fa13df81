import {
  type AcmeFront,
  type Answerer,
  type Ask,
  type Problem,
  problem,
  type Told,
} from '../../scripts/local/certificates/acme-front';

export type AcmeFault = Problem & {
  /** The CA has done what was asked, and yet answers this. */
  readonly isDone?: boolean;
  /** Happens at the CA just before it answers so. */
  readonly meanwhile?: () => void;
};
type Refusal = { readonly path: string; readonly fault: AcmeFault; left: number; isDone: boolean };

type State = {
  readonly refusals: Refusal[];
  readonly lost: string[];
  readonly alterations: Map<string, (text: string) => string>;
  isDown: boolean;
  invalid: AcmeFault | undefined;
};

/** What goes wrong at a CA, between it and its client. */
export function failingCa({ answerBy, pathOf }: Pick<AcmeFront, 'answerBy' | 'pathOf'>) {
  const state: State = { refusals: [], lost: [], alterations: new Map(), isDown: false, invalid: undefined };
  answerBy((ask, ca) => answer(state, ask, ca));
  return {
    /** Refuses the next requests to a resource of the directory, such as `newOrder`, or to a path that contains this. */
    refuse: (what: string, fault: AcmeFault, times = 1): void =>
      void state.refusals.push({ path: pathOf(what), fault, left: times, isDone: false }),
    /** Does what the next request to a path that contains this asks, and loses the answer. */
    lose: (path: string): void => void state.lost.push(path),
    /** Makes every order that was placed invalid, in these words; `undefined`: no more. */
    invalidate: (invalid: AcmeFault | undefined): void => void Object.assign(state, { invalid }),
    /** Changes what is fetched at paths that contain this; `undefined`: no more. */
    alter: (path: string, change: ((text: string) => string) | undefined): void =>
      void (change ? state.alterations.set(path, change) : state.alterations.delete(path)),
    /** Closes every connection without an answer. */
    down: (isDown: boolean): void => void Object.assign(state, { isDown }),
  };
}

async function answer(state: State, ask: Ask, ca: Parameters<Answerer>[1]): Promise<Told | undefined> {
  if (state.isDown) return undefined;
  const refusal = state.refusals.find((each) => ask.path.includes(each.path) && each.left-- > 0);
  if (refusal) return refused(refusal, ask, ca);
  const told = await ca.pass(ask);
  const at = told.status < 400 ? state.lost.findIndex((each) => ask.path.includes(each)) : -1;
  if (at >= 0) return void state.lost.splice(at, 1);
  const [, change] = [...state.alterations].find(([each]) => ask.path.includes(each)) ?? [];
  if (told.status !== 200) return told;
  if (change) return { ...told, body: Buffer.from(change(told.body.toString())) };
  return state.invalid ? invalidated(told, state.invalid) : told;
}

async function refused(refusal: Refusal, ask: Ask, { pass, nonce }: Parameters<Answerer>[1]): Promise<Told> {
  refusal.fault.meanwhile?.();
  if (refusal.fault.isDone && !refusal.isDone) {
    const told = await pass(ask);
    refusal.isDone = !told.body.includes(':badNonce');
    if (!refusal.isDone) {
      // A request whose nonce is refused does not count: the client sends it again.
      refusal.left++;
      return told;
    }
  }
  return problem(refusal.fault, await nonce());
}

/** Orders have a URL to finalize them (RFC 8555, section 7.1.3). */
function invalidated(told: Told, { type, detail }: AcmeFault): Told {
  const text = told.body.toString();
  if (!text.includes('"finalize"')) return told;
  const error = { type: `urn:ietf:params:acme:error:${type}`, detail };
  return { ...told, body: Buffer.from(JSON.stringify({ ...JSON.parse(text), status: 'invalid', error })) };
}
