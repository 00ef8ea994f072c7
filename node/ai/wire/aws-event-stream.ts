/**
 * Frames of `application/vnd.amazon.eventstream`, fed byte by byte. All numbers are big-endian:
 *
 *   +--------------+----------------+-------------+---------+---------+-------------+
 *   | total length | headers length | prelude CRC | headers | payload | message CRC |
 *   | 4            | 4              | 4           |         |         | 4           |
 *   +--------------+----------------+-------------+---------+---------+-------------+
 *   header: name length 1 | name | value type 1 | value
 *
 * The prelude's checksum is looked at before its lengths are believed. Source: "Event stream encoding" in the developer guide
 * of Amazon Transcribe, and the test vectors of smithy's codec.
 */
import type { WireEvent } from '../provider.js';
import { crc32 } from './crc32.js';
import type { Broken, Framer, FramerBounds } from './framer.js';

const PRELUDE_BYTES = 12;
const OVERHEAD_BYTES = 16;

export class AwsEventStreamFramer implements Framer {
  broken: Broken | null = null;
  readonly #bounds: FramerBounds;
  /** Grows by doubling, so that a frame that comes in single bytes is not copied once for each. */
  #buffer = new Uint8Array(1024);
  #length = 0;

  constructor(bounds: FramerBounds) {
    this.#bounds = bounds;
  }

  feed(chunk: Uint8Array): readonly WireEvent[] {
    const events: WireEvent[] = [];
    let from = 0;
    // Never takes more of a chunk than the frame at hand needs, so the buffer stays within the bound of one frame.
    while (from < chunk.length && this.broken === null) {
      const taken = chunk.subarray(from, from + this.#missing());
      this.#append(taken);
      from += taken.length;
      this.#advance(events);
    }
    return events;
  }

  end(): readonly WireEvent[] {
    if (this.broken === null && this.#length > 0) this.broken = 'cut-short';
    return [];
  }

  /** How many bytes it takes until something can be decided; at least one. */
  #missing(): number {
    const wanted = this.#length < PRELUDE_BYTES ? PRELUDE_BYTES : this.#view().getUint32(0);
    return wanted - this.#length;
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(length, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }

  #advance(events: WireEvent[]): void {
    if (this.#length < PRELUDE_BYTES) return;
    const view = this.#view();
    const total = view.getUint32(0);
    if (this.#length === PRELUDE_BYTES) this.broken = this.#preludeFault(total);
    if (this.broken !== null || this.#length < total) return;
    const end = total - 4;
    if (view.getUint32(end) !== crc32(this.#buffer, 0, end)) {
      this.broken = 'bad-checksum';
      return;
    }
    const payloadAt = PRELUDE_BYTES + view.getUint32(4);
    const headers = readHeaders(this.#buffer, PRELUDE_BYTES, payloadAt);
    if (headers === null) this.broken = 'bad-frame';
    else events.push(eventOf(headers, decoder.decode(this.#buffer.subarray(payloadAt, end))));
    this.#length = 0;
  }

  #preludeFault(total: number): Broken | null {
    const view = this.#view();
    if (view.getUint32(8) !== crc32(this.#buffer, 0, 8)) return 'bad-checksum';
    if (total < OVERHEAD_BYTES + view.getUint32(4)) return 'bad-frame';
    return total > this.#bounds.eventLengthMax ? 'too-long' : null;
  }

  #view(): DataView {
    return new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.byteLength);
  }
}

const decoder = new TextDecoder();

/** Bytes of a value by its type; types 6 and 7 (bytes and text) stand behind a length of two bytes. */
const VALUE_BYTES: readonly (number | null)[] = [0, 0, 1, 2, 4, 8, null, null, 8, 16];
const TEXT = 7;

/** The headers that are texts, which all that steer are. Null where they overrun their place or have a type that there is not. */
function readHeaders(bytes: Uint8Array, from: number, to: number): ReadonlyMap<string, string> | null {
  const headers = new Map<string, string>();
  for (let at = from; at < to; ) {
    const nameEnd = at + 1 + (bytes[at] ?? 0);
    const type = bytes[nameEnd] ?? 255;
    const fixed = VALUE_BYTES[type];
    if (fixed === undefined) return null;
    const valueAt = nameEnd + (fixed === null ? 3 : 1);
    const length = fixed ?? ((bytes[nameEnd + 1] ?? 0) << 8) | (bytes[nameEnd + 2] ?? 0);
    if (valueAt + length > to) return null;
    if (type === TEXT) {
      const value = decoder.decode(bytes.subarray(valueAt, valueAt + length));
      headers.set(decoder.decode(bytes.subarray(at + 1, nameEnd)), value);
    }
    at = valueAt + length;
  }
  return headers;
}

/**
 * `:message-type` tells what the frame is: an event, an exception that the service's model knows, or an error that it does not,
 * which has no payload but a code and a message in its headers.
 */
function eventOf(headers: ReadonlyMap<string, string>, payload: string): WireEvent {
  switch (headers.get(':message-type')) {
    case 'exception':
      return { type: headers.get(':exception-type') ?? '', data: payload, isError: true };
    case 'error':
      return {
        type: headers.get(':error-code') ?? '',
        data: JSON.stringify({ message: headers.get(':error-message') ?? '' }),
        isError: true,
      };
    default:
      return { type: headers.get(':event-type') ?? '', data: payload };
  }
}
