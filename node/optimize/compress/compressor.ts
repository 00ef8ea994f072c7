/**
 * Bytes in, compressed bytes out, by the platform's zlib in its own threads. One for each answer that is compressed. Small levels: at these an
 * answer is compressed as quickly as it comes, and the smaller ones gain a few percent for many times the work.
 */
import * as zlib from 'node:zlib';
import type { Encoding } from '@weir/proto/snapshot/optimize.js';
import type { Timer, Timers } from '../../time/clock.js';

const BROTLI_QUALITY = 4;
const GZIP_LEVEL = 5;
/** Of the text that is looked back at: 256 KiB, which an answer that compresses well needs, and a node can afford a thousand times. */
const BROTLI_WINDOW_BITS = 18;
const CHUNK_BYTES = 32 * 1024;
/** What has come is sent after so long, however little it is: an upstream that goes on slowly, or pauses, is not to look silent. */
const HELD_MS = 100;

type Transform = zlib.BrotliCompress | zlib.Gzip;

/** Node has it from 22.15 and 23.8 on. */
const createZstd: ((options: object) => Transform) | undefined = Reflect.get(zlib, 'createZstdCompress') as
  | ((options: object) => Transform)
  | undefined;

/** Codings that this runtime has. */
export function canEncode(encoding: Encoding): boolean {
  return encoding !== 'zstd' || createZstd !== undefined;
}

export interface CompressorEvents {
  /** False: no more, until `resume`. */
  onData(chunk: Uint8Array): boolean;
  onEnd(): void;
  onError(error: Error): void;
  /** It takes more again, after a `write` that said no. */
  onDrain(): void;
}

export class Compressor {
  readonly #stream: Transform;
  /** Null: whoever writes ends it at once. */
  readonly #held: Timer | null;
  /** Something was written that may not be out yet. */
  #isHolding = false;
  #isOver = false;

  constructor(encoding: Encoding, timers: Timers | null, events: CompressorEvents) {
    const stream = open(encoding);
    this.#stream = stream;
    const sendHeld = (): void => {
      this.#isHolding = false;
      stream.flush(FLUSH[encoding]);
    };
    this.#held = timers?.create(sendHeld) ?? null;
    stream.on('data', (chunk: Uint8Array) => {
      if (!this.#isOver && !events.onData(chunk)) stream.pause();
    });
    stream.on('end', () => {
      if (!this.#isOver) events.onEnd();
    });
    stream.on('error', (error) => {
      if (!this.#isOver) events.onError(error);
    });
    stream.on('drain', () => {
      if (!this.#isOver) events.onDrain();
    });
  }

  /** False: no more, until `onDrain`. */
  write(chunk: Uint8Array): boolean {
    if (!this.#isHolding) this.#held?.arm(HELD_MS);
    this.#isHolding = true;
    return this.#stream.write(chunk);
  }

  end(): void {
    this.#held?.cancel();
    this.#stream.end();
  }

  resume(): void {
    if (!this.#isOver) this.#stream.resume();
  }

  destroy(): void {
    this.#isOver = true;
    this.#held?.cancel();
    this.#stream.destroy();
  }
}

/** Ends no stream, and forgets nothing that makes what follows smaller. Of zstd it is the runtime's own default. */
const FLUSH: Readonly<Record<Encoding, number | undefined>> = {
  br: zlib.constants.BROTLI_OPERATION_FLUSH,
  gzip: zlib.constants.Z_SYNC_FLUSH,
  zstd: undefined,
};

function open(encoding: Encoding): Transform {
  const { constants } = zlib;
  if (encoding === 'br')
    return zlib.createBrotliCompress({
      chunkSize: CHUNK_BYTES,
      params: {
        [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_BITS,
      },
    });
  if (encoding === 'zstd' && createZstd !== undefined) return createZstd({ chunkSize: CHUNK_BYTES });
  return zlib.createGzip({ level: GZIP_LEVEL, chunkSize: CHUNK_BYTES });
}
