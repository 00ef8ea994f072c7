/**
 * A link between a parent process and its child over Node's IPC channel, the same at both ends.
 *
 * It owns the count of what it could not read, and messages that are under way in pieces. When the channel closes, whichever side died, `onClose` is
 * called once: that is how a node learns that its parent is gone, even by kill -9. The channel has no limit of its own,
 * so whoever reports regularly asks with `isIdle` whether the last report has been taken before it sends another one.
 *
 * Where a side is told to, long `bytes` of its messages go ahead of them in pieces, the next when the one before was taken and others had their turn: the channel puts what it
 * reads together before it hands it over, and a snapshot of ten thousand routes in one message stalled a node for 20 ms; for 60 while V8 was
 * marking, which it goes on with for 5 to 10 ms at each buffer that is made. Messages of the same kind wait their turn, others pass.
 *
 *     { kind, piece, size } ──▶
 *                           ◀── { kind, taken }
 *     { kind, piece, size } ──▶
 *                           ◀── { kind, taken }
 *     { v, kind, … }        ──▶     the message, without its bytes
 *
 * All of them have its kind, by which a channel of two is told whose they are (ipc-bus.ts).
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Decode } from '../events/message.js';
import { snapshotBytesMax } from '../snapshot/codec.js';

/** What a ChildProcess and a forked `process` have in common. */
export interface IpcEnd {
  readonly connected: boolean;
  send?(message: unknown, onSent: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  disconnect(): void;
}

export interface LinkEvents<In> {
  onMessage(message: In): void;
  /** The other side is gone, or this side has closed; nothing comes after it. */
  onClose(): void;
}

export interface Link<In, Out> {
  /** Hands a message to the channel; after the close it is dropped. `onSent` runs in both cases, when that is decided. */
  send(message: Out, onSent?: () => void): void;
  /** Everything that was sent has been taken by the channel. */
  isIdle(): boolean;
  /** Sets the one receiver. Call it in the same turn as the link is made, or messages are lost. */
  listen(events: LinkEvents<In>): void;
  close(): void;
  /** Messages that were skipped because this release does not know them, and those that were wrong. */
  readonly skipped: { unknown: number; malformed: number };
}

/** With its frame in one read of the channel, which are of 64 KiB: then it is put together of nothing. */
export const PIECE_BYTES = 48 * 1024;

interface Piece {
  readonly kind: string;
  readonly piece: Uint8Array;
  /** Of all of them together. */
  readonly size: number;
}

/** What goes ahead of a message, and the message. */
function inPieces(message: unknown): { readonly pieces: Piece[]; readonly rest: unknown } {
  if (!hasBytes(message) || message.bytes.length <= PIECE_BYTES) return { pieces: [], rest: message };
  const { bytes, ...rest } = message;
  const { kind } = message;
  const pieces: Piece[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    pieces.push({ kind, piece: bytes.subarray(at, at + PIECE_BYTES), size: bytes.length });
  return { pieces, rest };
}

const hasKind = (raw: unknown): raw is { readonly kind: string } =>
  typeof raw === 'object' && raw !== null && 'kind' in raw && typeof raw.kind === 'string';

const hasBytes = (message: unknown): message is { readonly kind: string; readonly bytes: Uint8Array } =>
  hasKind(message) && 'bytes' in message && message.bytes instanceof Uint8Array;

function pieceOf(raw: unknown): Piece | null {
  if (!hasKind(raw) || !('piece' in raw) || !('size' in raw)) return null;
  const { kind, piece, size } = raw;
  return piece instanceof Uint8Array && typeof size === 'number' ? { kind, piece, size } : null;
}

/** The bytes of the next message of their kind, as they come. Their place is taken once, for to join them would be the long copy again. */
class Gathered {
  #kind = '';
  #bytes: Uint8Array | null = null;
  #length = 0;

  /** False: no piece that could follow. */
  add({ kind, piece, size }: Piece): boolean {
    if (this.#bytes === null && size > 0 && size <= snapshotBytesMax) {
      this.#kind = kind;
      this.#bytes = new Uint8Array(size);
    }
    const bytes = this.#bytes;
    const isNext = this.#kind === kind && bytes?.length === size && this.#length + piece.length <= size;
    if (!isNext) {
      this.#bytes = null;
      this.#length = 0;
      return false;
    }
    bytes.set(piece, this.#length);
    this.#length += piece.length;
    return true;
  }

  /** The message with them, where there are any. Null: they are not all that they said they were. */
  complete(message: unknown): unknown {
    const bytes = this.#bytes;
    if (bytes === null || !hasKind(message) || message.kind !== this.#kind) return message;
    const isWhole = this.#length === bytes.length;
    this.#bytes = null;
    this.#length = 0;
    return isWhole ? { ...message, bytes } : null;
  }
}

interface Taken {
  readonly kind: string;
  readonly taken: true;
}
const isTaken = (raw: unknown): raw is Taken => hasKind(raw) && 'taken' in raw;

interface Waiting {
  readonly pieces: Piece[];
  readonly rest: unknown;
  readonly onSent: () => void;
}

/** Sends the pieces of a message one by one, and what is of its kind behind it. */
class Sending {
  readonly #end: IpcEnd;
  readonly #waiting: Waiting[] = [];
  #isUnderWay = false;

  constructor(end: IpcEnd) {
    this.#end = end;
  }

  add(message: unknown, onSent: () => void): void {
    const kind = hasKind(message) ? message.kind : '';
    const first = this.#waiting[0]?.rest;
    if (hasKind(first) && first.kind !== kind) {
      this.#end.send?.(message, onSent);
      return;
    }
    this.#waiting.push({ ...inPieces(message), onSent });
    if (!this.#isUnderWay) this.goOn();
  }

  /** The last piece was taken. */
  goOn(): void {
    this.#isUnderWay = false;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const piece = next.pieces.shift();
      if (piece !== undefined) {
        this.#isUnderWay = true;
        this.#end.send?.(piece, () => {});
        return;
      }
      this.#waiting.shift();
      // An error here means that the channel broke while sending; `disconnect` tells the same and is acted on.
      this.#end.send?.(next.rest, next.onSent);
    }
  }

  /** Nothing goes out any more. */
  end(): void {
    for (const { onSent } of this.#waiting.splice(0)) onSent();
  }
}

export interface LinkOptions {
  /** Sends long bytes in pieces: only where all messages of one kind have them, and the other side is of this release. */
  readonly cuts?: boolean;
  /** Lets others have their turn before the next piece is asked for. */
  readonly giveWay?: () => Promise<unknown>;
}

export function ipcLink<In, Out>(
  end: IpcEnd,
  decode: Decode<In>,
  { cuts = false, giveWay = nextTurn }: LinkOptions = {},
): Link<In, Out> {
  const skipped = { unknown: 0, malformed: 0 };
  let unsent = 0;
  const sending = cuts ? new Sending(end) : null;
  return {
    skipped,
    isIdle: () => unsent === 0,
    send(message, onSent) {
      if (!end.connected || end.send === undefined) {
        onSent?.();
        return;
      }
      unsent += 1;
      const sent = (): void => {
        unsent -= 1;
        onSent?.();
      };
      // An error here means that the channel broke while sending; `disconnect` tells the same and is acted on.
      if (sending === null) end.send(message, sent);
      else sending.add(message, sent);
    },
    listen(events) {
      const gathered = new Gathered();
      end.on('message', (raw) => {
        const piece = pieceOf(raw);
        if (piece !== null) {
          if (!gathered.add(piece)) skipped.malformed += 1;
          const taken: Taken = { kind: piece.kind, taken: true };
          void giveWay().then(() => end.connected && end.send?.(taken, () => {}));
          return;
        }
        if (isTaken(raw)) {
          sending?.goOn();
          return;
        }
        const decoded = decode(gathered.complete(raw));
        if (decoded.ok) events.onMessage(decoded.message);
        else skipped[decoded.why] += 1;
      });
      end.on('disconnect', () => {
        sending?.end();
        events.onClose();
      });
    },
    close() {
      if (end.connected) end.disconnect();
    },
  };
}
