import { seconds } from '../follow';
import { holdOpen } from '../held-open';
import type { Stage, Step } from '../stage';

export const firstCertificate: Step = {
  name: 'first certificate, HTTPS',
  play: async (stage) => {
    const { certificate, secure, ask, pause, remark } = stage;
    const { host } = certificate.secure;
    const distrust = await certificate.shown().then(
      () => Promise.reject(new Error(`${host} is trusted before any certificate was ordered`)),
      (error: Error) => error.message,
    );
    remark(`https://${host}/ has the proxy's stand-in, which visitors refuse: ${distrust}`, 'proxy');

    remark('the stack is complete, as at the end of `sls deploy`: EventBridge wakes renew', 'aws');
    await swap(stage, certificate.deployed);
    secure(certificate.secure);
    const { status } = await ask(host);
    remark(`half of the visitors come by HTTPS now, for ${host}; by HTTP it answers ${status}, other hosts as before`);
    await pause(3);
  },
};

export const renewal: Step = {
  name: 'certificate renewed live',
  play: async (stage) => {
    const { certificate, pause, remark } = stage;
    const finish = holdOpen(certificate.secure);
    await pause(1);
    const by = certificate.ari === 'own' ? '' : ', by a stand-in before Pebble';
    remark(`a connection is kept, a download has begun. The CA opens its window for renewals (ARI${by})`, 'ca');
    await certificate.openWindow();
    remark("renew's schedule comes round", 'aws');
    await swap(stage, certificate.schedule);
    await pause(1);
    const { requests, bytes } = await finish();
    remark(
      `the kept connection lives: ${requests} requests on it, the last by now. ` +
        `The download is whole: ${Math.round(bytes / 1024)} KB`,
    );
    await pause(2);
  },
};

/** Wakes renew, and follows it until it has ended. */
async function swap({ certificate, gauge, until, remark }: Stage, wake: () => void): Promise<void> {
  const { shown, stored, orders, reasons, swaps, names } = certificate;
  const [before, old, placed, runs] = [await gauge(), stored(), orders().length, reasons().length];
  const from = Date.now();
  const passed = () => seconds(Date.now() - from);
  const ended = () => reasons().length > runs;
  const come = (what: string, holds: () => boolean) =>
    until(what, () => {
      if (!holds() && ended()) throw new Error(`renew ended without ${what}: ${reasons().at(-1)}`);
      return holds();
    });
  wake();

  await come('an order at the CA', () => orders().length > placed);
  const { replaces } = orders().at(-1) ?? {};
  remark(
    `${passed()} after renew woke: ordered ${names.join(', ')}${replaces ? ', to replace the old one' : ''}`,
    'ca',
  );
  await come('a certificate in Parameter Store', () => stored() !== old);
  remark(`${passed()}: proven by DNS, issued, stored: the key as SecureString. Reconcile is told`, 'aws');
  await until('the stored serial at the proxy', async () => (await serialOf(shown)) === stored());
  const [serial = '', servedAfterMs, after] = [stored(), Date.now() - from, await gauge()];
  const [reloads, samePid] = [after.reloads - before.reloads, after.pid === before.pid];
  swaps.push({ serial, servedAfterMs, reloads, samePid });
  const how = samePid ? 'by the same process, without a reload' : 'after a reload: its redirect from HTTP is new';
  remark(`${seconds(servedAfterMs)}: serial ${serial} is served ${how}`, 'proxy');
  await until('the end of renew', ended);
  remark(`renew is done after ${passed()}. Why it was due: ${reasons().at(-1)}`, 'aws');
}

const serialOf = (shown: Stage['certificate']['shown']): Promise<string | undefined> =>
  shown().then(
    ({ serialNumber }) => serialNumber,
    () => undefined,
  );
