/**
 * Bytes in, compressed bytes out, by the platform's zlib in its own threads. One for each answer that is compressed. Small levels: at these an
 * answer is compressed as quickly as it comes, and the smaller ones gain a few percent for many times the work.
 */
import * as zlib from 'node:zlib';
import type { Encoding } from '@weir/proto/snapshot/optimize.js';

const BROTLI_QUALITY = 4;
const GZIP_LEVEL = 5;
/** Of the text that is looked back at: 256 KiB, which an answer that compresses well needs, and a node can afford a thousand times. */
const BROTLI_WINDOW_BITS = 18;
const CHUNK_BYTES = 32 * 1024;

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
  #isOver = false;

  constructor(encoding: Encoding, events: CompressorEvents) {
    const stream = open(encoding);
    this.#stream = stream;
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
    return this.#stream.write(chunk);
  }

  end(): void {
    this.#stream.end();
  }

  resume(): void {
    if (!this.#isOver) this.#stream.resume();
  }

  destroy(): void {
    this.#isOver = true;
    this.#stream.destroy();
  }
}

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
