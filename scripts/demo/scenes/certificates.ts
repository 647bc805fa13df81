import { holdOpen } from '../secure';
import type { Stage, Step } from '../stage';
import { seconds } from '../timeline';

export const firstCertificate: Step = {
  name: 'first certificate',
  seconds: 11,
  play: async (stage) => {
    const { certificate, secure, ask, pause, remark } = stage;
    const { host } = certificate.secure;
    const distrust = await certificate.shown().then(
      () => Promise.reject(new Error(`${host} is trusted before any certificate was ordered`)),
      // Node.js's advice about its own settings follows.
      (error: Error) => error.message.replace(/;.*/s, ''),
    );
    remark(`https://${host}/ shows the proxy's stand-in, which visitors refuse: ${distrust}`, 'proxy');
    remark('the stack is complete, as at the end of a deploy: EventBridge starts renew', 'aws');
    await swap(stage, certificate.deployed);
    secure(certificate.secure);
    const { status } = await ask(host);
    remark(`half of the visitors now come by HTTPS, for ${host}; by HTTP it answers ${status}, other hosts as before`);
    await pause(3);
  },
};

export const renewal: Step = {
  name: 'certificate renewed',
  seconds: 10,
  play: async (stage) => {
    const { certificate, pause, remark } = stage;
    const finish = holdOpen(certificate.secure);
    await pause(1);
    remark('one connection is kept open. The CA asks for renewal (ARI, by a stand-in before Pebble)', 'ca');
    await certificate.openWindow();
    remark('the schedule starts renew', 'aws');
    await swap(stage, certificate.schedule);
    await pause(1);
    remark(`the connection that was kept open served ${await finish()} requests, the last one now`);
    await pause(2);
  },
};

/** Starts renew, and follows it to its end. */
async function swap({ certificate, haproxy, until, remark }: Stage, startRenew: () => void): Promise<void> {
  const { shown, stored, orders, reasons, swaps, names } = certificate;
  const [before, old, placed, runs] = [await haproxy(), stored(), orders().length, reasons().length];
  const from = Date.now();
  const passed = () => seconds(Date.now() - from);
  const hasEnded = () => reasons().length > runs;
  const untilRenewMade = (what: string, holds: () => boolean) =>
    until(what, () => {
      if (!holds() && hasEnded()) throw new Error(`renew ended without ${what}: ${reasons().at(-1)}`);
      return holds();
    });
  startRenew();

  await untilRenewMade('an order at the CA', () => orders().length > placed);
  const { replaces } = orders().at(-1) ?? {};
  const order = `ordered ${names.join(', ')}${replaces ? ', to replace the old certificate' : ''}`;
  remark(`${passed()} after renew started: ${order}`, 'ca');
  await untilRenewMade('a certificate in Parameter Store', () => stored() !== old);
  remark(`${passed()}: proven by DNS, issued and stored, its key as SecureString; reconcile is notified`, 'aws');
  const serialShown = () =>
    shown()
      .then((certificate) => certificate.serialNumber)
      .catch(() => undefined);
  await until('the stored serial at the proxy', async () => (await serialShown()) === stored());
  const [serial = '', servedAfterMs, after] = [stored(), Date.now() - from, await haproxy()];
  const [reloads, samePid] = [after.reloads - before.reloads, after.pid === before.pid];
  swaps.push({ serial, servedAfterMs, reloads, samePid });
  const how = samePid ? 'by the same process, without a reload' : 'after a reload';
  remark(`${seconds(servedAfterMs)}: serial ${serial} is served ${how}`, 'proxy');
  await until('the end of renew', hasEnded);
  remark(`renew ended after ${passed()}. The certificate was due because: ${reasons().at(-1)}`, 'aws');
}
