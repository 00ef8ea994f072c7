/**
 * Turns the config into what nodes run, and owns the record of it: the snapshot in force and what became of the latest
 * attempt.
 *
 *   asked ─▶ compile ─▶ faults? keep the last good one, say so
 *                    └▶ encode ─▶ deliver ─▶ refused? keep the last good one, say so
 *                                        ├▶ applied: it is the last good one, kept on disk (of the registry alone, while the next one is made)
 *                                        └▶ silent? refused for now; applied in the end, it is accepted after all
 *   start without success ─▶ restore: the one that is kept on disk is delivered again
 *
 * One attempt runs at a time; those that are asked for meanwhile are one attempt after it, for it reads the file anew.
 */
import {
  type ControlStatus,
  type PublishCause,
  type PublishOutcome,
  toldRoutes,
} from '@weir/control/api/control-status.js';
import type { Fault } from '@weir/proto/config/faults.js';
import type { GatewaySpec } from '@weir/proto/snapshot/gateway.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { Delivery, WholeOffer } from './supervisor.js';

export type EncodedOffer = Pick<WholeOffer, 'bytes' | 'hash' | 'delta'>;

export type Compiled =
  | {
      readonly ok: true;
      /** The config that it was made from. */
      readonly text: string;
      readonly snapshot: Snapshot;
      readonly warnings: readonly Fault[];
      /** `TEAM/NAME` of secrets of the registry that nodes need for it; left out: none. */
      readonly secrets?: readonly string[];
    }
  | { readonly ok: false; readonly faults: readonly Fault[] };

export interface PublisherOptions {
  /** Version of the last snapshot of an earlier run, 0 when there was none. */
  readonly versionBefore: number;
  readonly compile: (version: number, cause?: PublishCause) => Promise<Compiled>;
  readonly encode: (snapshot: Snapshot) => Promise<EncodedOffer>;
  readonly deliver: (offer: WholeOffer, snapshot: Snapshot) => Promise<Delivery>;
  /** What was compiled last is in force. */
  readonly accepted?: () => void;
  /** Keeps what was applied, and the config it was made from; a failure is said and does not undo the publication. */
  readonly keep: (offer: WholeOffer, text: string) => Promise<void>;
  /** What differs from the settings that the running node was started with and waits for a restart. */
  readonly restartNeeded: (gateway: GatewaySpec) => readonly string[];
  readonly wallMs: () => number;
  readonly onOutcome: (outcome: PublishOutcome) => void;
}

export interface Publisher {
  publish(cause: PublishCause): Promise<PublishOutcome>;
  /**
   * Delivers a snapshot of an earlier run as it was kept, with its number, for a start whose config is not accepted.
   * What became of that config stays the latest attempt. Must not overlap with an attempt.
   */
  restore(kept: Pick<WholeOffer, 'hash' | 'bytes'>, snapshot: Snapshot): Promise<Delivery>;
  look(): Pick<ControlStatus, 'snapshot' | 'routes' | 'routeCount' | 'publish'>;
}

export function createPublisher(options: PublisherOptions): Publisher {
  let version = options.versionBefore;
  let inForce: ControlStatus['snapshot'] = null;
  let delivered: Delivered | null = null;
  let latest: PublishOutcome | null = null;
  const keep = oneBehind(options.keep);

  const deliver = async (offer: WholeOffer, snapshot: Snapshot, acceptedWallMs: () => number): Promise<Delivery> => {
    const delivery = await options.deliver(offer, snapshot);
    if (delivery.ok) accept(offer, snapshot, acceptedWallMs());
    return delivery;
  };

  const accept = (offer: WholeOffer, snapshot: Snapshot, acceptedWallMs: number): void => {
    inForce = { version: offer.version, hash: offer.hash, acceptedWallMs, ...positionOf(snapshot) };
    delivered = { offer, snapshot, routes: toldRoutes(snapshot.routes.map(({ id }) => id)) };
  };

  /** The node runs what was given up on: the record says so, or the next start would go back behind it. */
  const reconcile = async ({ offer, snapshot }: Offered, text: string, told: Told): Promise<void> => {
    // A newer one has been applied since, by the same node, one behind the other.
    if (inForce !== null && inForce.version > offer.version) return;
    accept(offer, snapshot, options.wallMs());
    options.accepted?.();
    await keep(offer, text);
    const restartNeeded = options.restartNeeded(snapshot.gateway);
    const outcome: PublishOutcome = { ...told, atWallMs: options.wallMs(), state: 'accepted', restartNeeded };
    // A newer attempt that failed meanwhile stays the latest one.
    if (version === offer.version) latest = outcome;
    options.onOutcome(outcome);
  };

  const attempt = async (cause: PublishCause): Promise<PublishOutcome> => {
    const outcome = await outcomeOf(cause);
    latest = outcome;
    options.onOutcome(outcome);
    return outcome;
  };

  const outcomeOf = async (cause: PublishCause): Promise<PublishOutcome> => {
    const compiled = await options.compile(version + 1, cause);
    const at = { atWallMs: options.wallMs(), cause };
    if (!compiled.ok) {
      // A faulty file must not keep renewed certificates out: what runs is given to the node again, which reads them.
      const told = cause === 'certificate-change' ? await renewalFaults(options.deliver, delivered) : [];
      return { ...at, state: 'rejected', faults: [...compiled.faults, ...told], restartNeeded: [] };
    }
    const { text, snapshot, warnings } = compiled;
    // A number that was offered is never offered again with another content, even when it was refused.
    version = snapshot.version;
    const offer: WholeOffer = { v: 1, kind: 'snapshot.offer', version, ...(await options.encode(snapshot)) };
    const delivery = await deliver(offer, snapshot, options.wallMs);
    const told = { ...at, faults: warnings };
    if (!delivery.ok) {
      void delivery.late?.then((isApplied) => (isApplied ? reconcile({ offer, snapshot }, text, told) : undefined));
      return { ...told, state: 'refused', reason: delivery.reason, restartNeeded: [] };
    }
    options.accepted?.();
    await waitedFor(cause, keep(offer, text));
    return { ...told, state: 'accepted', restartNeeded: options.restartNeeded(snapshot.gateway) };
  };

  return {
    publish: oneAtATime(attempt),
    restore: (kept, snapshot) => deliver(offerOf(kept, snapshot), snapshot, () => snapshot.createdWallMs),
    look: () => ({ snapshot: inForce, ...(delivered?.routes ?? toldRoutes([])), publish: latest }),
  };
}

/** Of the registry, where there is one. */
function positionOf({ registry }: Snapshot): { readonly registry?: number } {
  return registry === undefined ? {} : { registry };
}

type Told = Pick<PublishOutcome, 'cause' | 'faults'>;

interface Offered {
  readonly offer: WholeOffer;
  readonly snapshot: Snapshot;
}

interface Delivered extends Offered {
  readonly routes: ReturnType<typeof toldRoutes>;
}

/** Delivers what runs once more, and says what there is to say when that fails: the old certificates stay in use then. */
async function renewalFaults(
  deliver: PublisherOptions['deliver'],
  delivered: Delivered | null,
): Promise<readonly Fault[]> {
  if (delivered === null) return [];
  const delivery = await deliver(delivered.offer, delivered.snapshot);
  return delivery.ok ? [] : [certificatesRefused(delivery.reason)];
}

/** No line of the config is at fault, and the files of certificates are where to look. */
function certificatesRefused(reason: string): Fault {
  const message = `the renewed certificates are not in use: ${reason}`;
  const cure = 'mend the files; they are read again when one of them changes';
  return { severity: 'error', line: 1, column: 1, path: 'gateway.tls', message, cure };
}

function offerOf({ hash, bytes }: Pick<WholeOffer, 'hash' | 'bytes'>, { version }: Snapshot): WholeOffer {
  return { v: 1, kind: 'snapshot.offer', version, hash, bytes };
}

/** What the registry adds is in its own log already, and whoever changes it next must not wait for the disk. */
function waitedFor(cause: PublishCause, kept: Promise<void>): Promise<void> | undefined {
  if (cause !== 'registry') return kept;
  kept.catch(() => {});
  return undefined;
}

/** One is kept at a time; of those that are to be kept meanwhile the last one is, for it takes the place of the others. */
function oneBehind(keep: PublisherOptions['keep']): PublisherOptions['keep'] {
  let last: Promise<void> = Promise.resolve();
  let waiting: { kept: Parameters<PublisherOptions['keep']> } | null = null;
  return (...kept) => {
    if (waiting !== null) {
      waiting.kept = kept;
      return last;
    }
    const next = { kept };
    waiting = next;
    last = last
      .catch(() => {})
      .then(() => {
        waiting = null;
        return keep(...next.kept);
      });
    return last;
  };
}

/** Those that are asked for while one runs are one attempt after it. */
function oneAtATime(attempt: Publisher['publish']): Publisher['publish'] {
  let running: Promise<PublishOutcome> | null = null;
  let next: Promise<PublishOutcome> | null = null;
  let nextCause: PublishCause = 'registry';
  const run = (cause: PublishCause): Promise<PublishOutcome> => {
    running = attempt(cause).finally(() => {
      running = null;
    });
    return running;
  };
  return (cause) => {
    // Between two attempts nothing runs for some microtasks, with the second one on its way already: join it.
    // A change of the registry alone does not look at the file, so whatever else is asked for goes before.
    if (next === null || nextCause === 'registry') nextCause = cause;
    if (next !== null) return next;
    if (running === null) return run(cause);
    next = running
      .catch(() => {})
      .then(() => {
        next = null;
        return run(nextCause);
      });
    return next;
  };
}
