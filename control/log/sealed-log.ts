/**
 * A log whose entries control has signed: whoever may write to the server can append what he likes, and it is nothing to those who read
 * it here. It keeps its number, since numbers follow one another, and has no bytes: to the history above it is garbage, whatever
 * version it claims to be of.
 */
import type { LogRecord, SharedLog } from '@weir/proto/bus/shared-log.js';
import {
  type KeyRing,
  openFrame,
  type Signer,
  type SigningContext,
  sealFrame,
} from '@weir/proto/signing/signed-frame.js';

export interface Sealing {
  seal(bytes: Uint8Array): Uint8Array;
  /** Null: none of those that are believed has sealed it. */
  open(frame: Uint8Array): Uint8Array | null;
}

/** Of entries of the revision log, which pass as nothing else. */
export function revisionSealing(cluster: string, signer: Signer, keys: KeyRing): Sealing {
  return sealingOf({ cluster, purpose: 'revision' }, signer, keys);
}

/** Of entries of the registry, likewise. */
export function registrySealing(cluster: string, signer: Signer, keys: KeyRing): Sealing {
  return sealingOf({ cluster, purpose: 'registry' }, signer, keys);
}

function sealingOf(context: SigningContext, signer: Signer, keys: KeyRing): Sealing {
  return {
    seal: (bytes) => sealFrame(bytes, context, signer),
    open(frame) {
      const opened = openFrame(frame, context, keys);
      return opened.ok ? opened.body : null;
    },
  };
}

const NOTHING = new Uint8Array();

/** `say` hears, once, that entries are passed over: somebody else writes there, or this control has the wrong key. `what`: as the log is called then. */
export function sealedLog(
  log: SharedLog,
  { seal, open }: Sealing,
  what: string,
  say: (text: string) => void,
): SharedLog {
  let isTold = false;
  const opened = (record: LogRecord): LogRecord => {
    const bytes = open(record.bytes);
    if (bytes === null && !isTold) {
      isTold = true;
      say(
        `${what} has entries that no key of this control (--key, --trust) has signed; they are passed over. If all are, this one has another key than the others`,
      );
    }
    return { ...record, bytes: bytes ?? NOTHING };
  };
  return {
    append: (writer, bytes, after) => log.append(writer, seal(bytes), after),
    bounds: () => log.bounds(),
    read: async (from, max) => (await log.read(from, max))?.map(opened) ?? null,
    follow: (onRecord) => log.follow((record) => onRecord(opened(record))),
    close: () => log.close(),
  };
}
