import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Browser } from './browser';
import { contrasts } from './contrast';

type Check = readonly [name: string, run: (browser: Browser, url: string) => Promise<void>];
type Node = {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
};

const chips = (state: string) => `document.querySelectorAll('.chip.${state}').length`;
const text = (id: string) => `document.getElementById('${id}').textContent`;
const button = (label: string) =>
  `[...document.querySelectorAll('button')].find((b) => b.textContent.startsWith('${label}'))`;

/** Presses a button as a keyboard does, once it can act. */
async function press({ evaluate, until, press: key }: Browser, label: string): Promise<void> {
  await until(`a button "${label}" that can act`, `${button(label)}?.getAttribute('aria-disabled') === 'false'`);
  await evaluate(`${button(label)}.focus()`);
  await key('Enter');
}

const schemes = ['dark', 'light'] as const;

async function hasContrast({ look, evaluate }: Browser, scheme: (typeof schemes)[number]): Promise<void> {
  await look(scheme, 1280, 1000);
  // A stage of the loop changes its colour slowly.
  await sleep(600);
  assert.deepEqual(await evaluate(contrasts(4.5)), []);
}

/** What the page must do while a short story plays, and after it. */
export const checks: readonly Check[] = [
  [
    'shows steps and tasks, and its buttons wait for the end of the story',
    async ({ until, evaluate }) => {
      await until('the page', `document.getElementById('acts')?.children.length > 0`);
      await until('a step', `/^Step 1 of 1: start with 3 tasks/.test(${text('step')})`);
      assert.ok(await evaluate(`[...document.querySelectorAll('button')].every((b) => b.ariaDisabled === 'true')`));
      await until('three tasks that get requests', `${chips('serving')} === 3`);
      await until(
        'the loop',
        `[...document.querySelectorAll('.stage .ms')].filter((each) => /ms/.test(each.textContent)).length >= 4`,
      );
      await until('the end of the story', `/^The story is over. .* none failed/.test(${text('step')})`);
      assert.match(await evaluate(text('services')), /hello-world: 3 of 3 tasks get requests/);
    },
  ],
  [
    'has every button in reach of the keyboard, with a visible focus',
    async ({ evaluate, press }) => {
      const reached = new Set<string>();
      await evaluate('document.activeElement.blur()');
      for (let n = 0; n < 20; n += 1) {
        await press('Tab');
        reached.add(await evaluate('document.activeElement.id || document.activeElement.textContent'));
        const isButton = await evaluate(`document.activeElement.tagName === 'BUTTON'`);
        if (isButton) assert.equal(await evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'solid');
      }
      const labels = await evaluate<string[]>(`[...document.querySelectorAll('button')].map((b) => b.textContent)`);
      assert.deepEqual(
        labels.filter((label) => !reached.has(label)),
        [],
      );
      assert.ok(reached.has('scroll'), 'the lines cannot be scrolled by keyboard');
    },
  ],
  [
    'names everything for a screen reader',
    async ({ send }) => {
      const { nodes } = await send<{ nodes: readonly Node[] }>('Accessibility.getFullAXTree');
      const seen = nodes.filter(({ ignored }) => !ignored);
      const named = ['button', 'heading', 'region', 'image', 'progressindicator'];
      const nameless = seen.filter(({ role, name }) => named.includes(role?.value ?? '') && !name?.value);
      assert.deepEqual(
        nameless.map(({ role }) => role?.value),
        [],
      );
      const roles = new Set(seen.map(({ role }) => role?.value));
      for (const role of ['banner', 'main', 'status', 'button', 'heading', 'region', 'image', 'list'])
        assert.ok(roles.has(role), role);
    },
  ],
  ...schemes.map(
    (scheme): Check => [`has a contrast of 4.5 to 1 in ${scheme}`, (browser) => hasContrast(browser, scheme)],
  ),
  [
    'looks different in dark, and does not scroll sideways on a phone',
    async ({ look, shoot, evaluate }) => {
      await look('light', 1280, 1000);
      const light = await shoot();
      await look('dark', 1280, 1000);
      assert.notEqual(await shoot(), light);
      await look('dark', 360, 780);
      assert.equal(await evaluate('document.documentElement.scrollWidth'), 360);
      await look('light', 1280, 1000);
    },
  ],
  [
    'deploys, scales and kills',
    async (browser) => {
      await press(browser, 'Deploy version 2');
      await browser.until(
        'version 2',
        `[...document.querySelectorAll('.chip.serving')].filter((c) => / v2/.test(c.textContent)).length === 3`,
      );
      await browser.until('only version 2', `!/ v1/.test(${text('hosts')})`);
      await press(browser, 'Scale +1');
      await browser.until('a fourth task', `/hello-world: 4 of 4/.test(${text('services')})`);
      await press(browser, 'Kill a task');
      await browser.until('a killed task', `${chips('killed')} === 1`);
      await press(browser, 'Scale −1');
      await browser.until('three tasks', `/hello-world: 3 of 3/.test(${text('services')})`);
    },
  ],
  [
    'shows a fault in a label in the words of Sluice, a loop of crashes, and their end',
    async (browser) => {
      await press(browser, 'Break a label of shop');
      await browser.until('the fault', `/haproxy.hots/.test(${text('faults')})`);
      await browser.until('the same for a screen reader', `/haproxy.hots/.test(${text('news')})`);
      for (const scheme of schemes) await hasContrast(browser, scheme);
      await press(browser, 'Mend shop');
      await browser.until('no fault', `/reports no fault/.test(${text('faults')})`);
      await press(browser, 'Deploy a shop that crashes');
      await browser.until('the crashes', `/shop: .* tasks ended by themselves/.test(${text('services')})`);
      await press(browser, 'Mend shop');
    },
  ],
  [
    'switches the control plane off and on, and takes an instance away',
    async (browser) => {
      await press(browser, 'Control plane off');
      await press(browser, 'Control plane on');
      await browser.until('the way back', `${button('Control plane off')}`);
      await press(browser, 'Spot warning');
      await browser.until('three instances', `document.querySelectorAll('.host').length === 3`);
      await browser.until('why it cannot be done twice', `/has a warning already/.test(${text('acts')})`);
      await browser.until('two instances', `document.querySelectorAll('.host').length === 2`);
    },
  ],
  [
    'says what a service is that is scaled to 0',
    async (browser) => {
      for (let n = 0; n < 3; n += 1) await press(browser, 'Scale −1');
      await browser.until(
        'that it is scaled to 0',
        `/hello-world: scaled to 0, so its visitors get 503/.test(${text('services')})`,
      );
      await browser.until('503', `/503 [1-9]/.test(${text('legend')})`);
      await press(browser, 'Scale +1');
    },
  ],
  [
    'writes nothing to the console, and asks nobody but the demo',
    async ({ faults, requests }, url) => {
      assert.deepEqual(faults, []);
      assert.deepEqual(
        requests.filter((each) => !each.startsWith(url)),
        [],
      );
    },
  ],
];
