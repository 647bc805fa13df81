import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';

import type { World } from '../../scripts/local/world';
import { redeploy } from './redeploy';
import { answersDuring, openShop, serving, startQuick, statusAt, until } from './shop';

/** A world with a service of two tasks with two labelled containers each, whose packages are replaced under load. */
async function startUpgrading() {
  const world = await startQuick();
  /** What the syncs reported, in order. */
  const reports: string[] = [];
  world.onMoment(({ kind, text }) => {
    if (kind === 'synced') reports.push(text);
  });
  // 0.1.0 serves only the first.
  await openShop(world, [serving('shop.example'), serving('admin.example', { name: 'admin', containerPort: 8081 })]);
  await until(async () => /"changed":"nothing"/.test((await reportsAfterTick(world, reports)).join()));
  /** One tick, and nothing else, until a sync reports what is looked for. */
  const oneTick = async (reported: RegExp): Promise<void> => {
    expect(await reportsAfterTick(world, reports)).toStrictEqual([expect.stringMatching(reported)]);
  };
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  const how = (count: number) => (count % 5 === 0 ? { agent: kept } : { method: count % 2 ? 'POST' : 'GET' });
  const visit = (count: number) => statusAt(world.proxy.http, 'shop.example', how(count));
  return {
    world,
    /** By new connections and a kept one. */
    answersDuring: (meanwhile: () => Promise<void>) => answersDuring(visit, 10, meanwhile),
    ...deploysTo(world, oneTick),
    shopAnswers: () => until(async () => (await statusAt(world.proxy.http, 'shop.example')) === 200),
    /** Waits until the second container's host answers so: who is new to HAProxy is checked first. */
    adminAnswers: (status: number) => until(async () => (await statusAt(world.proxy.http, 'admin.example')) === status),
    oneTick,
    running: async () => [await world.proxy.pid(), await world.proxy.reloads()] as const,
    /** A file as HAProxy would be started with it. */
    installed: (file: string): string => {
      const { located } = world.proxies.current(1);
      return readFileSync(join(located('/etc/haproxy/sluice/haproxy'), file), 'utf8');
    },
  };
}

function deploysTo(world: World, oneTick: (reported: RegExp) => Promise<void>) {
  return {
    /** A tick comes after each step. The functions are told the new document's name, so that is made before them. */
    deploy: async (from: string): Promise<void> => {
      for (const part of ['documents', 'functions', 'cleanup'] as const) {
        redeploy(world, from, part);
        await oneTick(part === 'functions' ? /"changed":"structure"/ : /"changed":"nothing"/);
      }
    },
    /** A deploy that fails after the functions: CloudFormation puts them back, and deletes the document that it has made. */
    rollBack: async (from: string, to: string): Promise<void> => {
      redeploy(world, from, 'documents', 'functions');
      await oneTick(/"changed":"structure"/);
      redeploy(world, to, 'functions');
      await oneTick(/"changed":"structure"/);
      redeploy(world, to, 'documents', 'cleanup');
      await oneTick(/"changed":"nothing"/);
    },
  };
}

export let upgrading: Awaited<ReturnType<typeof startUpgrading>>;

export function upgradingForAll(): void {
  beforeAll(async () => {
    upgrading = await startUpgrading();
  });
  afterAll(() => upgrading?.world.stop());
}

async function reportsAfterTick(world: World, reports: readonly string[]): Promise<readonly string[]> {
  const isQuiet = () =>
    world.aws.commands.commands.every(({ invocations }) => [...invocations.values()].every((ended) => ended));
  // A sync of before that reports late would be taken for that of the tick.
  await until(isQuiet);
  const before = reports.length;
  world.tick();
  await until(() => reports.length > before && isQuiet());
  return reports.slice(before);
}
