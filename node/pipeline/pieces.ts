/**
 * Memory of bodies and of models' tokens on their way. Each piece of a body lies outside of V8's heap, and V8 sees of it the few bytes of the object that
 * points there: it collects what is young when 8 MiB of such objects have come together, and asks for what lies outside only by
 * tens of MiB. So a node through which a large body went kept 38 MiB of pieces that nobody wanted any more. Whoever makes a piece
 * says so here, and what is young is collected after so many bytes: 0.2 ms, for next to nothing of it lives on.
 *
 * Owns the counts. A node process has V8's `gc` (deploy/up/node-flags.ts); where there is none, V8 decides by itself.
 */

/** A fraction of the memory that a node may take, and at 1 GB/s no more than 2 % of a core. */
export const COLLECT_EVERY_BYTES = 8 * 1_048_576;

export type PieceCame = (bytes: number) => void;

export function collectingPieces(collect: () => void, everyBytes = COLLECT_EVERY_BYTES): PieceCame {
  let sinceBytes = 0;
  return (bytes) => {
    sinceBytes += bytes;
    if (sinceBytes < everyBytes) return;
    sinceBytes = 0;
    collect();
  };
}

const collectYoung = (): void => void globalThis.gc?.({ type: 'minor' });

/** Tells of memory that was made for a piece of a body, of this process. */
export const pieceCame: PieceCame = collectingPieces(collectYoung);

/**
 * What a token of a model's stream leaves in the heap on its way. A stream has some 20 KiB that live for as long as it, so what V8 collects after 16
 * MiB are a hundred streams at once: 7 ms in which none of them moves, each second. A quarter of a second's worth takes one.
 */
const TOKEN_BYTES = 3 * 1024;
const tokens = collectingPieces(collectYoung, 2 * 1_048_576);

/** Tells of a token, or a few at once, that was passed on. */
export const tokenCame = (): void => tokens(TOKEN_BYTES);
