import { setTimeout as sleep } from 'node:timers/promises';

import { runCommand, type Script } from '../../scripts/local/ssm/run-command';
import { type Timers, timers } from '../../scripts/local/timers';

const inputs = { timeoutSeconds: '90', runCommand: ["run '{{ Generation }}'", 'end'] };
const parameters = { Generation: { default: '0', allowedPattern: '^[0-9]{1,10}$' } };
const document = { Name: 'sync', Content: { parameters, mainSteps: [{ action: 'aws:runShellScript', inputs }] } };

let clock: Timers;
let ran: Script[];
let on: boolean;
let ssm: ReturnType<typeof runCommand>;
beforeEach(() => {
  [clock, ran, on] = [timers(), [], true];
  const run = async (script: Script) => {
    ran.push(script);
    return { code: 0, lines: [] };
  };
  const proxies = ['dev', 'prod'].map((stage) => ({ id: stage, tags: { SluiceProxy: stage }, run }));
  ssm = runCommand([document], proxies, { delayMs: 10, timers: clock, say: () => {}, isOn: () => on });
});
afterEach(() => clock.stop());

const Targets = [{ Key: 'tag:SluiceProxy', Values: ['dev'] }];
const send = (Generation: string, more: object = {}) =>
  ssm.handlers['ssm:SendCommand']({
    DocumentName: 'sync',
    Targets,
    Parameters: { Generation: [Generation] },
    ...more,
  });

it('runs the script on the tagged instance only, later, with the parameter in its place', async () => {
  send('7');
  expect(ran).toStrictEqual([]);
  await sleep(50);

  expect(ran).toStrictEqual([{ text: "run '7'\nend", timeoutSeconds: 90 }]);
});

it.each([
  ['a value outside the allowed pattern', { Parameters: { Generation: ["7'; rm -rf /"] } }, 'does not match'],
  ['a parameter that the document does not have', { Parameters: { Other: ['7'] } }, 'no parameter Other'],
  ['another document', { DocumentName: 'other' }, 'does not exist'],
])('refuses %s', (_, more, message) => {
  expect(() => send('7', more)).toThrow(message);
});

it('loses a command when told to, and holds commands back during an outage', async () => {
  ssm.faults.next('lost');
  send('1');
  on = false;
  send('2');
  await sleep(50);
  expect(ran).toStrictEqual([]);

  on = true;
  ssm.release();
  await sleep(50);
  expect(ran.map(({ text }) => text)).toStrictEqual(["run '2'\nend"]);
});
