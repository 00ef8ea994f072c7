/**
 * The body of a stored response: the pieces that it came in, kept so that they are the memory that they are counted as, and
 * sent again without being copied.
 */
import type { ByteRange } from '@weir/proto/http/byte-range.js';
import type { Lent } from './lent.js';

export interface StoredBody {
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  /** Whoever reads it for longer than a call says so here. Left out: nobody does, or its memory is counted elsewhere. */
  readonly lent?: Lent;
}

/** The memory that it keeps alive. */
export function memoryOf({ pieces }: StoredBody): number {
  return pieces.reduce((sum, piece) => sum + Math.max(piece.byteLength, piece.buffer.byteLength), 0);
}

export const emptyBody: StoredBody = { pieces: [], bytes: 0 };

/**
 * Bodies are kept in pieces of this length, and what is shorter in one: each piece is a call into the listener and the
 * system. Longer ones would need as much memory without a gap.
 */
const PIECE_BYTES = 1024 * 1024;

/** The piece itself, or a copy when it is a view into something larger that it would keep alive. */
export function ownPiece(chunk: Uint8Array): Uint8Array {
  const isMostOfIt = chunk.buffer.byteLength <= chunk.byteLength + chunk.byteLength / 4;
  // Not `slice`, which for a Buffer makes another view.
  return isMostOfIt ? chunk : new Uint8Array(chunk);
}

/** As they are. */
export function bodyInPieces(pieces: readonly Uint8Array[]): StoredBody {
  return { pieces, bytes: pieces.reduce((sum, piece) => sum + piece.byteLength, 0) };
}

export function bodyOf(pieces: readonly Uint8Array[], bytes: number): StoredBody {
  if (pieces.length <= 1 || pieces.length <= bytes / PIECE_BYTES) return { pieces, bytes };
  const joined: Uint8Array[] = [];
  let room = new Uint8Array(0);
  let leftBytes = bytes;
  for (let piece of pieces) {
    while (piece.byteLength > 0) {
      if (room.byteLength === 0) {
        room = new Uint8Array(Math.min(PIECE_BYTES, leftBytes));
        joined.push(room);
      }
      const fitting = piece.subarray(0, room.byteLength);
      room.set(fitting);
      room = room.subarray(fitting.byteLength);
      leftBytes -= fitting.byteLength;
      piece = piece.subarray(fitting.byteLength);
    }
  }
  return { pieces: joined, bytes };
}

/** Views of the pieces that make up this part of the body. */
export function partOf(body: StoredBody, range: ByteRange): readonly Uint8Array[] {
  const taken: Uint8Array[] = [];
  let at = 0;
  for (const piece of body.pieces) {
    const from = Math.max(0, range.first - at);
    const to = Math.min(piece.byteLength, range.last + 1 - at);
    if (from < to) taken.push(from === 0 && to === piece.byteLength ? piece : piece.subarray(from, to));
    at += piece.byteLength;
    if (at > range.last) break;
  }
  return taken;
}
