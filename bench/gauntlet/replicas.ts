/** The three replicas as the runner holds them: processes that take orders and answer each with their counts, in order. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Linked, startLinked, untilListening } from '../start/processes.js';
import type { BlackHole } from './black-hole.js';
import type { Fault, ReplicaIndex } from './faults.js';
import { replicaIndexes } from './faults.js';
import { type Counts, isMessage, type ReplicaOrder } from './messages.js';

export interface Replica {
  readonly index: ReplicaIndex;
  readonly host: string;
  readonly port: number;
  readonly process: Linked;
  /** Fulfilled when the order is in force. */
  order(order: ReplicaOrder): Promise<Counts>;
}

/** Each has an address of its own, so that packets can be dropped for one of them. */
const HOSTS = ['127.0.0.2', '127.0.0.3', '127.0.0.4'] as const;

const START_WITHIN_MS = 10_000;
const OBEY_WITHIN_MS = 5_000;

/** A program of this room, as the compiler wrote it. */
export function builtProgram(path: string): string {
  const program = fileURLToPath(new URL(path, import.meta.url));
  if (!existsSync(program)) throw new Error(`${program} is missing: build first (npm run build)`);
  return program;
}

export async function startReplica(
  index: ReplicaIndex,
  port: number,
  core: number,
  cwd: string,
  onStarted: (process: Linked) => void,
): Promise<Replica> {
  const host = HOSTS[index];
  const args = [builtProgram('./replica/replica.js'), String(index), host, String(port)];
  const linked = startLinked({ name: `replica ${index}`, command: process.execPath, args, core, cwd });
  onStarted(linked);
  const waiting: ((counts: Counts) => void)[] = [];
  linked.onMessage((message) => {
    if (isMessage<Counts>(message, 'counts')) waiting.shift()?.(message);
  });
  await untilListening(linked, port, START_WITHIN_MS, host);
  return {
    ...{ index, host, port, process: linked },
    order: (order) =>
      new Promise((resolve, reject) => {
        const refuse = (): void => reject(new Error(`replica ${index} does not answer\n${linked.output()}`));
        const patience = setTimeout(refuse, OBEY_WITHIN_MS);
        waiting.push((counts) => {
          clearTimeout(patience);
          resolve(counts);
        });
        linked.send(order);
      }),
  };
}

/** Puts a fault on a replica; a black hole is made around it and not by it. */
export async function inflict(replica: Replica, fault: Fault, blackHole: BlackHole): Promise<void> {
  if (fault.kind === 'silent') return blackHole.swallow(replica);
  blackHole.release(replica);
  await replica.order({ kind: 'fault', fault });
}

export async function renew(replicas: readonly Replica[], seed: number, blackHole: BlackHole): Promise<void> {
  for (const replica of replicas) blackHole.release(replica);
  await Promise.all(replicas.map((replica) => replica.order({ kind: 'renew', seed })));
}

export const allReplicas = (start: (index: ReplicaIndex) => Promise<Replica>): Promise<Replica[]> =>
  Promise.all(replicaIndexes.map(start));
