import { type Kept, nothingKept } from '../../lib/faults/faults';
import type { ServiceState } from '../../lib/faults/tasks';
import type { Backend } from '../../lib/haproxy/backend';
import { named } from '../../scripts/sluice/stage';
import { serviceCheck } from '../../scripts/sluice/status/services';
import { backend } from '../builders';

const stage = named('dev', 'eu-west-2');
const now = 1_800_000_000_000;
const certificates = [{ name: 'c', names: ['example.com', '*.example.com'], serial: '', key: 1, chain: 1 }];
const served = backend({ a: 1, b: 2, c: 3 });
const at = (...hosts: string[]): Backend => ({
  ...served,
  routes: hosts.map((host) => ({ host, path: '/', since: 1 })),
});
const state = (running: number, desired: number, message?: string, agoMs = 180_000): ServiceState => ({
  ...{ running, desired },
  events: message === undefined ? [] : [{ at: now - agoMs, message }],
});
const labels = 'demo/shop, revision 1: container "app": unknown label "haproxy.hots"; did you mean haproxy.host?';
const loops =
  'demo/shop: its tasks end again and again: exit code 1; read the task’s log, then deploy a corrected revision';
const none = 'demo/shop: none of its tasks runs; ECS says: unable to place a task';
const full = 'demo.shop is not served, because this stage is full; serve it from another stage';
const ofTasks = (message: string) => ({ ofTasks: [{ service: 'demo/shop', message }] });
const faults = (...messages: string[]) => ({ faults: messages.map((message) => ({ service: 'demo/shop', message })) });
const url = 'https://shop.example.com/';

type Row = [
  string,
  { backends?: readonly Backend[]; kept?: Partial<Kept>; state?: ServiceState | string },
  ok: boolean,
  says: string,
  next?: RegExp,
];

it.each<Row>([
  ['is well', { state: state(3, 3) }, true, `${url}, 3 of 3 tasks`],
  [
    'has hosts without a certificate',
    { backends: [at('a.org', '*')], state: state(1, 1) },
    true,
    'http://a.org/ (and 1 more), 1 of 1 task',
  ],
  [
    'has a wildcard',
    { backends: [at('*.example.com')], state: state(2, 1) },
    true,
    'https://*.example.com/, 2 of 1 task',
  ],
  ['is scaled to 0', { state: state(0, 0) }, true, `${url}, scaled to 0: its URL answers 503`],
  [
    'starts',
    { state: state(1, 3, '(service shop) has started 2 tasks: (task a) (task b).', 5_000) },
    true,
    `${url}, 1 of 3 tasks. ECS, 5 seconds ago: has started 2 tasks: (task a) (task b)`,
  ],
  [
    'cannot start',
    {
      state: state(
        1,
        3,
        '(service shop) was unable to place a task because no instance has 128 MB. For more information, see X.',
      ),
    },
    false,
    `${url}, 1 of 3 tasks. ECS, 3 minutes ago: was unable to place a task because no instance has 128 MB`,
    /^correct what ECS names$/,
  ],
  [
    'has no task',
    { state: state(0, 2) },
    false,
    `${url}, 0 of 2 tasks. ECS has no event of it`,
    /^wait a minute .*; else correct/,
  ],
  [
    'has tasks that are not published',
    { backends: [{ ...served, servers: [] }], state: state(1, 1) },
    false,
    `${url}, 1 of 1 task, none gets requests yet`,
    /wait a minute/,
  ],
  ['is gone', {}, true, `${url}. ECS has no such service any more: the next run takes its routes`],
  [
    'is not described',
    { state: 'ECS answers ACCESS' },
    false,
    `${url}. Whether its tasks run cannot be seen: ECS answers ACCESS`,
    /^run the same/,
  ],
  [
    'has a wrong label from the start',
    { backends: [], kept: faults(labels), state: state(1, 1) },
    false,
    'not served, 1 of 1 task. Revision 1: container "app": unknown label "haproxy.hots"; did you mean haproxy.host?',
    /^correct the labels, and deploy/,
  ],
  [
    'has a wrong label, and another',
    { kept: faults(labels, `${labels}!`), state: state(3, 3) },
    false,
    `its last good route ${url} stays, 3 of 3 tasks. Revision 1: container "app": unknown label "haproxy.hots"; did you mean haproxy.host?; and 1 more: revision 1: container "app": unknown label "haproxy.hots"; did you mean haproxy.host?!`,
    /labels/,
  ],
  [
    'has no room',
    { backends: [], kept: faults(full), state: state(1, 1) },
    false,
    'not served, 1 of 1 task. This stage is full',
    /^serve it from another stage$/,
  ],
  [
    'crashes',
    { kept: ofTasks(loops), state: state(0, 1) },
    false,
    `${url}, 0 of 1 task. Its tasks end again and again: exit code 1`,
    /^read the task’s log, then deploy/,
  ],
  [
    'has no task for long',
    { kept: ofTasks(none), state: state(0, 1) },
    false,
    `${url}, 0 of 1 task. None of its tasks runs; ECS says: unable to place a task`,
    /^correct what ECS names; `aws ecs describe-services --cluster demo --services shop --region eu-west-2` /,
  ],
])('a service that %s', (_, { backends = [served], kept = {}, state }, ok, says, next = /^$/) => {
  const published = { number: 1, backends, certificates, faults: [], kept: { ...nothingKept, ...kept } };
  const states = new Map(state === undefined ? [] : [['demo/shop', state]]);

  const check = serviceCheck('demo/shop', { published, states, stage, now });

  expect(check).toMatchObject({ ok, what: 'service demo/shop', says });
  expect(check.next ?? '').toMatch(next);
});
