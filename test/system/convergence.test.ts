import { createServer, type Server } from 'node:http';

import fc from 'fast-check';
import { type Instance, startInstance } from '../../scripts/proxy/instance';
import type { Cluster } from '../convergence/cluster';
import { type History, histories } from '../convergence/happenings';
import { live } from '../convergence/history';
import type { World } from '../convergence/world';
import { ask } from './haproxy-tasks';
import { until } from './until';

const numRuns = Number(process.env.HISTORIES_ON_HAPROXY ?? 12);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const replayed = process.env.HISTORY;

/** Most of the time is spent waiting for checks, so several proxies wait at once. */
const lanes = 4;

const instances: Instance[] = [];
const stage = newStage();

afterAll(async () => {
  await Promise.all(instances.map((instance) => instance.stop()));
  stage.close();
});

it('a real HAProxy converges by the real sync, through the same histories', async () => {
  const tried = replayed === undefined ? fc.sample(histories(6), { numRuns, seed }) : [JSON.parse(replayed) as History];
  const ended = Array.from({ length: Math.min(lanes, tried.length) }, async (_, lane) => {
    const instance = await startInstance();
    instances.push(instance);
    await instance.syncHere(0);
    await instance.startHaproxy();
    for (let index = lane; index < tried.length; index += lanes) await holds(instance, tried[index], index);
  });
  await Promise.all(ended);
  process.stdout.write(`${tried.length} histories on a real HAProxy, seed ${seed}\n`);
});

async function holds(instance: Instance, history: History | undefined, index: number): Promise<void> {
  if (history === undefined) return;
  let synced = 0;
  /** After each step HAProxy has just the servers of the generation. */
  const look = async (world: World): Promise<void> => {
    await stage.play(world.cluster, world.agenda.now);
    const number = world.store.number();
    if (number === synced) return;
    synced = number;
    const { files, backends } = world.store.generation(number);
    expect(await instance.sync(instance.publishFiles(files))).toMatchObject({ code: 0 });

    const admitted = (await instance.servers()).filter((server) => server.admitted).map(words);
    const wanted = backends.flatMap(({ name, servers }) => servers.map((server) => ({ ...server, backend: name })));
    expect(admitted.sort()).toStrictEqual(wanted.map(words).sort());
  };
  try {
    // Addresses of its own, so that no port waits for a connection of the history before.
    await serves(instance, await live(history, { network: `127.55.${index + 1}`, look }));
  } catch (cause) {
    const replay = `HISTORY='${JSON.stringify(history)}' npx jest test/system/convergence`;
    throw new Error(`${(cause as Error).message}\nReplay it: ${replay}`, { cause });
  }
}

/** At rest every route is answered by a running task of its service, or by a 503 where none answers. */
async function serves(instance: Instance, { store, cluster }: World): Promise<void> {
  await until(async () =>
    (await instance.servers()).every((server) => !server.admitted || server.up === (stage.at(server) !== undefined)),
  );
  for (const { service, servers, routes } of store.generation(store.number()).backends) {
    const running = cluster.running(service).map(({ id }) => `200 ${id} of ${service}`);
    const answering = servers.flatMap((server) => stage.at(server) ?? []).map((task) => `200 ${task}`);
    for (const { host, path } of routes) {
      const answer = (await ask(instance.host, { path, headers: { host } })).replace(/^503 .*/, '503');
      expect(answering.length > 0 ? answering : ['503']).toContain(answer);
      expect([...running, '503']).toContain(answer);
    }
  }
}

type At = { readonly address: string; readonly port: number };

const words = ({ backend, name, address, port }: At & { readonly backend: string; readonly name: string }): string =>
  `${backend}/${name} ${address}:${port}`;

/** Tasks are tiny HTTP servers that answer with their id and service; where the model's do not answer, nothing listens. */
function newStage() {
  const listening = new Map<string, { server: Server; task: string }>();
  const end = (address: string): void => {
    listening.get(address)?.server.close().closeAllConnections();
    listening.delete(address);
  };
  return {
    at: ({ address, port }: At): string | undefined => listening.get(`${address}:${port}`)?.task,
    play: async (cluster: Cluster, now: number): Promise<void> => {
      const playing = new Map<string, string>();
      for (const [id, from] of cluster.answersAt) {
        const task = cluster.tasks.get(id);
        if (task !== undefined && from <= now) playing.set(cluster.addressOf(task), `${id} of ${task.service}`);
      }
      const hosts = [...cluster.addresses.values()];
      for (const address of listening.keys()) {
        if (hosts.some((host) => address.startsWith(`${host}:`)) && !playing.has(address)) end(address);
      }
      for (const [address, task] of playing) {
        if (listening.get(address)?.task === task) continue;
        end(address);
        const server = createServer((_, response) => response.end(task));
        listening.set(address, { server, task });
        const [host = '', port] = address.split(':');
        await new Promise<void>((resolve) => server.listen(Number(port), host, resolve));
      }
    },
    close: (): void => {
      for (const address of [...listening.keys()]) end(address);
    },
  };
}
