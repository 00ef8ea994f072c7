/**
 * The node's side of its link to control: takes snapshots and says what became of them, answers what is asked about
 * its cache, reports, drains, and never outlives its parent.
 *
 * Snapshots are applied one at a time. While one is being compiled, newer ones replace each other in a single place in
 * waiting, so that a burst of edits costs two compilations and the last one wins (after Traefik's configuration
 * watcher: receive, dedupe, latest wins, apply).
 */
import type { Link } from '@weir/proto/bus/ipc-link.js';
import type { InspectOrder } from '@weir/proto/events/cache.js';
import type { CacheAnswer, ControlToNode, NodeToControl } from '@weir/proto/events/node-link.js';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { GatewayNode } from '../node.js';
import { targetsTold } from '../node-readings.js';

const STATUS_EVERY_MS = 1_000;

export interface AgentParts {
  readonly link: Link<ControlToNode, NodeToControl>;
  readonly node: GatewayNode;
  /** What secrets are sealed for. */
  readonly boxKey: string;
  /** Decodes and verifies an offer, and opens what is sealed in it; rejects with the reason. */
  readonly decode: (offer: SnapshotOffer) => Promise<Snapshot>;
  /** Runs `task` regularly without keeping the process alive; returns how to stop it. */
  readonly every: (intervalMs: number, task: () => void) => () => void;
  /** Says something to the operator when control can't any more. */
  readonly log: (text: string) => void;
  readonly exit: (code: number) => void;
}

export interface Agent {
  /** Drains and ends the process; a second call is nothing, control decides about cutting short (`node.cut`). */
  stop(exitCode?: number): void;
}

export function startAgent({ link, node, boxKey, decode, every, log, exit }: AgentParts): Agent {
  let isStopping = false;

  let told: readonly string[] = [];
  const report = (): void => {
    try {
      const status = node.status(targetsTold);
      for (const warning of status.warnings) if (!told.includes(warning)) log(warning);
      told = status.warnings;
      link.send({ v: 1, kind: 'node.status', status });
    } catch (error) {
      // A report that can't be made must not end the node, nor make an applied snapshot look refused.
      log(`no status report: ${reasonOf(error)}`);
    }
  };

  const apply = async (offer: SnapshotOffer): Promise<void> => {
    const { version, hash } = offer;
    try {
      await node.apply(await decode(offer), hash);
      // The report goes first: whoever has heard of the success can already tell the address.
      report();
      link.send({ v: 1, kind: 'snapshot.applied', version, hash });
    } catch (error) {
      link.send({ v: 1, kind: 'snapshot.refused', version, hash, reason: reasonOf(error) });
    }
  };

  const offered = latestWins(apply, () => isStopping);

  const stopReporting = every(STATUS_EVERY_MS, () => {
    // A parent that doesn't read is not sent more than one report.
    if (link.isIdle()) report();
  });

  const stop = (exitCode = 0): void => {
    if (isStopping) return;
    isStopping = true;
    stopReporting();
    const drained = node.drain();
    report();
    const failed = (error: unknown): void => {
      log(`the drain failed: ${reasonOf(error)}`);
      exit(1);
    };
    drained.then(({ cut }) => link.send({ v: 1, kind: 'node.drained', cut }, () => exit(exitCode)), failed);
  };

  link.listen({
    onMessage(message) {
      if (message.kind === 'node.drain' || message.kind === 'node.cut') stop();
      if (message.kind === 'node.cut') node.cut();
      else if (message.kind === 'snapshot.offer') offered(message);
      else if (message.kind !== 'node.drain') link.send(inspected(node, message));
    },
    onClose() {
      // Killed or crashed: nobody would restart, steer or stop this node, and it would hold the port for ever.
      if (!isStopping) log('control is gone; draining');
      stop();
      // The next `up` needs its port at once; nobody asks this node any more.
      void node.closeMetrics();
    },
  });
  link.send({ v: 1, kind: 'node.ready', pid: node.status(0).pid, metrics: node.metricsAddress, boxKey });
  report();
  return { stop };
}

function inspected(node: GatewayNode, { number, request }: InspectOrder): CacheAnswer {
  try {
    return { v: 1, kind: 'cache.inspected', number, inspection: node.inspect(request) };
  } catch (error) {
    return { v: 1, kind: 'cache.failed', number, reason: reasonOf(error) };
  }
}

/** One at a time; of those that come meanwhile the latest, and none once it is over. `apply` never rejects. */
function latestWins(
  apply: (offer: SnapshotOffer) => Promise<void>,
  isOver: () => boolean,
): (offer: SnapshotOffer) => void {
  let waiting: SnapshotOffer | null = null;
  let isApplying = false;
  const applyAll = async (): Promise<void> => {
    isApplying = true;
    while (waiting !== null && !isOver()) {
      const offer: SnapshotOffer = waiting;
      waiting = null;
      await apply(offer);
    }
    isApplying = false;
  };
  return (offer) => {
    waiting = offer;
    if (!isApplying) void applyAll();
  };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
