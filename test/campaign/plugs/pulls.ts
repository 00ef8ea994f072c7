/** What is pulled out of a cluster, how long it is away, and how it comes back. */
import { passed } from '../../support/stage.js';
import type { WholeCluster } from '../../support/whole-cluster.js';

export interface Pull {
  readonly name: string;
  /** Until all of it is out. Nodes that it kills are named, since what they had in their hands is lost with them. */
  out(cluster: WholeCluster): Promise<readonly string[]>;
  back(cluster: WholeCluster): Promise<void>;
  /** Nothing can be changed and purged while it is out: NATS has the logs. */
  readonly isWithoutLogs: boolean;
  /** A purge is refused, since Redis may hold what it means. */
  readonly isWithoutRedis?: boolean;
}

interface Pullable {
  readonly isIn: boolean;
  pull(): Promise<void>;
  putIn(): Promise<void>;
}

const none: readonly string[] = [];

function killed(name: string, parts: (cluster: WholeCluster) => readonly Pullable[], isWithoutLogs: boolean): Pull {
  return {
    ...{ name, isWithoutLogs },
    async out(cluster) {
      await Promise.all(parts(cluster).map((part) => part.pull()));
      return none;
    },
    async back(cluster) {
      await Promise.all(parts(cluster).map((part) => part.putIn()));
    },
  };
}

function stopped(
  name: string,
  server: (cluster: WholeCluster) => { readonly it: Signalled },
  isWithoutLogs: boolean,
): Pull {
  return {
    ...{ name, isWithoutLogs },
    async out(cluster) {
      server(cluster).it.signal('SIGSTOP');
      return none;
    },
    async back(cluster) {
      server(cluster).it.signal('SIGCONT');
    },
  };
}

interface Signalled {
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

const node: Pull = {
  name: 'kill -9 of a node',
  isWithoutLogs: false,
  async out({ nodes }) {
    const last = nodes.at(-1);
    await last?.pull();
    return last === undefined ? [] : [last.name];
  },
  back: async ({ nodes }) => nodes.at(-1)?.putIn(),
};

const nats = killed('kill -9 of NATS', (cluster) => [cluster.nats], true);

const wiped: Pull = {
  ...nats,
  name: 'kill -9 of NATS, its disk wiped',
  async back(cluster) {
    cluster.wipeNats();
    await nats.back(cluster);
  },
};

const FLAPS = 5;
const FLAP_MS = 800;

/** Gone and back, some times; the last time it stays away. */
const flapping: Pull = {
  ...nats,
  name: 'NATS flapping',
  async out(cluster) {
    for (let flap = 0; flap < FLAPS; flap += 1) {
      await nats.out(cluster);
      await passed(FLAP_MS);
      await nats.back(cluster);
      await passed(FLAP_MS);
    }
    return nats.out(cluster);
  },
};

/** The one that is asked meanwhile goes as well. */
const together = killed(
  'kill -9 of NATS, Redis and all controls',
  ({ nats: bus, redis, controls }) => [bus, redis, ...controls],
  true,
);

/** What a test has time for. */
export const fewPulls: readonly Pull[] = [node, nats];

export const allPulls: readonly Pull[] = [
  node,
  killed('kill -9 of all controls', ({ controls }) => controls, false),
  nats,
  { ...killed('kill -9 of Redis', ({ redis }) => [redis], false), isWithoutRedis: true },
  stopped('SIGSTOP of NATS', (cluster) => cluster.nats, true),
  { ...stopped('SIGSTOP of Redis', (cluster) => cluster.redis, false), isWithoutRedis: true },
  flapping,
  together,
  wiped,
];
