/**
 * All that a cluster is made of, as processes of one machine: a nats-server with JetStream, a redis-server, controls and nodes.
 * Each part can be pulled out and put back in: a NATS with the disk it had or an empty one, a Redis that has forgotten everything, a
 * control and a node with their folders, at addresses that may be others.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createSigningKey } from '@weir/deploy/cluster/signing-key.js';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import { type NatsServer, startNats } from './nats-server.js';
import { type RedisServer, startRedis } from './redis-server.js';
import { freePort, type Program, type Stage, until } from './stage.js';
import { type WeirControl, weirControl } from './weir-control.js';
import { type WeirNode, weirNode } from './weir-node.js';

export interface WholeCluster {
  readonly nats: Part<NatsServer>;
  readonly redis: Part<RedisServer>;
  readonly controls: readonly Part<WeirControl>[];
  readonly nodes: readonly Part<WeirNode>[];
  /** That nodes trust. */
  readonly publicKey: string;
  /** What NATS has on disk; only while it is out. */
  wipeNats(): void;
  /** Traffic of each node, by its name; nodes that serve nothing are left out. */
  ports(): Promise<Readonly<Record<string, number>>>;
}

export interface WholeClusterSize {
  readonly controls: number;
  readonly nodes: number;
}

/** A place that something runs at. */
export class Part<T> {
  readonly name: string;
  readonly #start: () => Promise<T>;
  readonly #kill: (running: T) => Promise<void>;
  #running: T | null = null;

  constructor(name: string, start: () => Promise<T>, kill: (running: T) => Promise<void>) {
    this.name = name;
    this.#start = start;
    this.#kill = kill;
  }

  get isIn(): boolean {
    return this.#running !== null;
  }

  /** What runs there; throws while it is out. */
  get it(): T {
    if (this.#running === null) throw new Error(`${this.name} is out`);
    return this.#running;
  }

  async putIn(): Promise<void> {
    this.#running = await this.#start();
  }

  /** At once, by kill -9, with all its children. */
  async pull(): Promise<void> {
    const running = this.it;
    this.#running = null;
    await this.#kill(running);
  }
}

export async function startWholeCluster(stage: Stage, size: WholeClusterSize): Promise<WholeCluster> {
  const store = stage.folder();
  const keyFile = join(stage.folder(), 'signing.key');
  const { publicKey } = createSigningKey(keyFile);
  const [natsPort, redisPort] = [await freePort(), await freePort()];
  const [natsUrl, redisUrl] = [`nats://127.0.0.1:${natsPort}`, `redis://127.0.0.1:${redisPort}`];
  const config = `jetstream { store_dir: "${store}" }`;
  const nats = new Part('NATS', () => startNats(stage, { port: natsPort, config }), killServer);
  const redis = new Part('Redis', () => startRedis(stage, redisPort), killServer);
  const control = (_: unknown, index: number): Part<WeirControl> => {
    const [id, folder] = [`control-${index + 1}`, stage.folder()];
    const start = () => weirControl(stage, { id, nats: natsUrl, keyFile, folder, more: ['--redis'] });
    return new Part(id, start, killGroup);
  };
  const node = (_: unknown, index: number): Part<WeirNode> => {
    const [id, folder] = [`node-${index + 1}`, stage.folder()];
    const start = () => weirNode(stage, { id, nats: natsUrl, trust: publicKey, folder, more: ['--redis', redisUrl] });
    return new Part(id, start, killGroup);
  };
  const controls = Array.from({ length: size.controls }, control);
  const nodes = Array.from({ length: size.nodes }, node);
  await Promise.all([nats.putIn(), redis.putIn()]);
  await Promise.all([...controls, ...nodes].map((part) => part.putIn()));
  return {
    ...{ nats, redis, controls, nodes, publicKey },
    wipeNats() {
      if (nats.isIn) throw new Error('NATS has its disk in use');
      rmSync(store, { recursive: true, force: true });
      mkdirSync(store);
    },
    async ports() {
      const serving = await Promise.all(nodes.filter(({ isIn }) => isIn).map(portOf));
      return Object.fromEntries(serving.filter(([, port]) => port !== 0));
    },
  };
}

/** Applies a config by the first control, and waits until every node serves it. */
export async function serveFirst(cluster: WholeCluster, config: string): Promise<void> {
  await cluster.controls[0]?.it.apply(config);
  await until(
    async () => Object.keys(await cluster.ports()).length === cluster.nodes.length,
    () => cluster.nodes.map(({ it }) => it.said()).join('\n'),
  );
}

async function portOf({ name, it }: Part<WeirNode>): Promise<readonly [string, number]> {
  const { workers } = JSON.parse(await it.page('/status')) as HostPage; // Our own page of the same build.
  return [name, workers[0]?.status?.listening?.port ?? 0];
}

interface HostPage {
  readonly workers: readonly { readonly status: NodeStatus | null }[];
}

const killServer = (server: { kill(): Promise<void> }): Promise<void> => server.kill();

async function killGroup({ child, exited }: Program): Promise<void> {
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  await exited;
}
