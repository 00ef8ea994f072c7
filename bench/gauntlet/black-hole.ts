/**
 * Packets that are lost in silence. Neither a closed port (it answers with a reset) nor a stalled process (its kernel
 * still shakes hands) is that, and tools that drop packets would drop them for the whole machine. So the gauntlet runs
 * in a network namespace of its own, whose loopback nobody else uses. Each replica has an address of its own in
 * 127.0.0.0/8, and a routing rule throws away what leaves from it: a SYN is never answered, a byte never acknowledged.
 *
 *   ip rule add pref 10 from 127.0.0.3 blackhole
 *
 * A rule is asked for on the way out only, so requests still reach the replica and are counted; no answer comes back.
 *
 * Where namespaces are not permitted, the replica is stopped (SIGSTOP) with the shortest backlog there is: its kernel
 * accepts three connections and drops every further SYN. Silence all the same, but for what is in those three.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Replica } from './replicas.js';

const INSIDE = 'WEIR_GAUNTLET_NAMESPACE';
const SEARCH_PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
const env = { ...process.env, PATH: SEARCH_PATH };

/** Rules are asked in this order; that of the local table stands first in a new namespace and has to make room. */
const RULE = '10';
const LOCAL_TABLE = '20';

const ip = (...args: string[]): Buffer => execFileSync('ip', args, { env, stdio: ['ignore', 'ignore', 'pipe'] });

export const isInsideNamespace = (): boolean => process.env[INSIDE] === '1';

/** Root makes one as it is; others need a user namespace around it, in which they keep their id. */
function unshareArguments(): string[] {
  const isRoot = process.getuid?.() === 0;
  return [...(isRoot ? [] : ['--user', '--map-current-user', '--keep-caps']), '--net'];
}

export function isNamespacePermitted(): boolean {
  try {
    const attempt = 'ip link set lo up && ip rule add pref 10 from 127.0.0.9 blackhole';
    execFileSync('unshare', [...unshareArguments(), 'sh', '-c', attempt], { env, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs this very program again inside a namespace, with the same terminal and arguments; its exit code. */
export async function runInsideNamespace(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const child = spawn('unshare', [...unshareArguments(), process.execPath, program, ...args], {
    stdio: 'inherit',
    env: { ...env, [INSIDE]: '1' },
  });
  // unshare(1) replaces itself with the program, so this reaches it and nobody else.
  const end = (): boolean => child.kill('SIGTERM');
  signal.addEventListener('abort', end);
  try {
    const [code] = await once(child, 'close');
    return typeof code === 'number' ? code : 1;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Once, before anything is started inside. */
export function prepareNamespace(): void {
  ip('link', 'set', 'lo', 'up');
  ip('rule', 'add', 'pref', LOCAL_TABLE, 'lookup', 'local');
  ip('rule', 'del', 'pref', '0');
}

export interface BlackHole {
  /** How packets are lost, for the report. */
  readonly means: string;
  swallow(replica: Replica): Promise<void>;
  /** Safe to call for a replica that was not swallowed. */
  release(replica: Replica): void;
}

export function namespaceBlackHole(): BlackHole {
  const swallowed = new Set<string>();
  return {
    means: 'a network namespace whose routing rule drops all that the replica sends',
    swallow: async ({ host }) => {
      if (swallowed.has(host)) return;
      swallowed.add(host);
      ip('rule', 'add', 'pref', RULE, 'from', host, 'blackhole');
    },
    release: ({ host }) => {
      if (swallowed.delete(host)) ip('rule', 'del', 'pref', RULE, 'from', host, 'blackhole');
    },
  };
}

/** Connections that a backlog of one lets in: Linux takes one more than was asked for, and one is there to be sure. */
const FILLING = 3;

export function backlogBlackHole(): BlackHole {
  const held = new Map<Replica, Socket[]>();
  return {
    means: 'a stopped replica with a full backlog, since network namespaces are not permitted here',
    swallow: async (replica) => {
      if (held.has(replica)) return;
      const { host, port } = replica;
      // Answered when the replica listens anew, with a backlog of one; then it is stopped in mid-air.
      held.set(replica, []);
      await replica.order({ kind: 'fault', fault: { kind: 'silent' } });
      process.kill(replica.process.pid, 'SIGSTOP');
      held.set(
        replica,
        Array.from({ length: FILLING }, () => connect({ host, port }).on('error', () => {})),
      );
    },
    release: (replica) => {
      for (const socket of held.get(replica) ?? []) socket.destroy();
      if (held.delete(replica)) process.kill(replica.process.pid, 'SIGCONT');
    },
  };
}
