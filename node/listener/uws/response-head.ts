/**
 * Writes the head of a response into the library's response object. Owns what is remembered of heads that were written:
 * answers of one kind are headed alike but for their last field, which is the gateway's own (the request id).
 */

import type { HttpResponse } from 'uWebSockets.js';
import { Buffer } from 'node:buffer'; // The global is a getter, which costs a call each time.
import type { HeaderList } from '@weir/proto/http/headers.js';
import { connectionNamed } from '@weir/proto/http/hop-by-hop.js';
import { isOurField, statusText } from '../response-framing.js';
import { wireValue } from './wire-value.js';

/**
 * Writes the status line and the fields that pass; `isWithheld` names more that don't. The fields ride on the status
 * text, for each call into the library costs more than the field itself (ten fields: 1.2 µs less); wireValue has made
 * sure that none of them ends its line; of `requestId`, which ends nearly every head, that is known. From the first one that has to go as bytes on, each goes by itself, so that the
 * order stays.
 */
export function writeHead(
  res: HttpResponse,
  status: number,
  headers: HeaderList,
  isWithheld: ((name: string) => boolean) | null = null,
  requestId = '',
): void {
  const named = connectionNamed(headers);
  const start = isWithheld === null && named.size === 0 ? startFor(status, headers) : null;
  const lastAt = headers.length - 2;
  const known = start === null ? null : start.textOf(status, headers);
  if (known !== null && start !== null && headers[lastAt + 1] === requestId) {
    const lineStart = lineStartOf(headers[lastAt] ?? '');
    if (lineStart !== '') {
      res.writeStatus(start.withId(lineStart, requestId));
      return;
    }
  }
  let text: string | null = known ?? statusText(status);
  for (let i = known === null ? 0 : lastAt; i < headers.length; i += 2) {
    if (i === lastAt && known === null && text !== null) start?.keep(status, headers, text);
    const name = headers[i] ?? '';
    const lineStart = lineStartOf(name);
    if (lineStart === '' || (named.size > 0 && named.has(name)) || isWithheld?.(name) === true) continue;
    const said = headers[i + 1] ?? '';
    const value = said === requestId ? said : wireValue(name, said);
    if (text !== null && typeof value === 'string') {
      text += lineStart;
      text += value;
      continue;
    }
    if (text !== null) res.writeStatus(text);
    text = null;
    res.writeHeader(name, value);
  }
  if (text !== null) res.writeStatus(text);
}

/** Status line and fields as one text, as `writeHead` begins; null where one of them has to go as bytes. */
export function headStart(status: number, headers: HeaderList): string | null {
  const named = connectionNamed(headers);
  let text = statusText(status);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const lineStart = lineStartOf(name);
    if (lineStart === '' || named.has(name)) continue;
    const value = wireValue(name, headers[i + 1] ?? '');
    if (typeof value !== 'string') return null;
    text += lineStart + value;
  }
  return flatText(text);
}

/** A longer start is not kept. */
const START_LENGTH_MAX = 2048;

/** The status line and all fields but the last one of a head, as it was written. */
class Start {
  #status = 0;
  #headers: HeaderList = [];
  #text = '';
  /** Made flat when it is asked for again: where no head is like the one before, that would be in vain. */
  #isFlat = false;
  /** The last head that ended with a request id, as bytes; what stands between its start and the id, and where that begins. */
  #bytes: Buffer | null = null;
  #lineStart = '';
  #idAt = 0;

  /** Null where this head starts otherwise. */
  textOf(status: number, headers: HeaderList): string | null {
    const kept = this.#headers;
    if (status !== this.#status || headers.length !== kept.length) return null;
    for (let i = headers.length - 3; i >= 0; i -= 1) if (headers[i] !== kept[i]) return null;
    if (!this.#isFlat) {
      this.#text = flatText(this.#text);
      this.#isFlat = true;
    }
    return this.#text;
  }

  /**
   * Start, name and id as bytes of ours, which the library copies as they are. Of a text it counts and encodes each character
   * anew, though all but a few of them are those of the head before.
   */
  withId(lineStart: string, requestId: string): Uint8Array {
    const { length } = requestId;
    if (this.#bytes === null || lineStart !== this.#lineStart || this.#bytes.length !== this.#idAt + length) {
      const before = Buffer.from(this.#text + lineStart);
      this.#lineStart = lineStart;
      this.#idAt = before.length;
      // Memory of its own: a piece of a pool would keep all of it.
      this.#bytes = Buffer.allocUnsafeSlow(before.length + length);
      this.#bytes.set(before);
    }
    // By characters: 45 ns less than a call of `write`.
    for (let i = 0; i < length; i += 1) this.#bytes[this.#idAt + i] = requestId.charCodeAt(i);
    return this.#bytes;
  }

  keep(status: number, headers: HeaderList, text: string): void {
    // What a cookie gives to one client is not kept beyond its answer, and comes to no other anyway.
    if (text.length > START_LENGTH_MAX || headers.includes('set-cookie')) return;
    this.#status = status;
    this.#headers = headers;
    this.#text = text;
    this.#isFlat = false;
    this.#bytes = null;
  }
}

/** The same text in one piece, which is cheaper to write again and again than one that was put together. */
function flatText(text: string): string {
  const flat = Buffer.from(text, 'latin1').toString('latin1');
  return flat === text ? flat : text;
}

/** Kinds of answers that are told apart by status and number of fields; others of the same slot replace each other. */
const starts = Array.from({ length: 16 }, () => new Start());

function startFor(status: number, headers: HeaderList): Start | null {
  return headers.length < 4 ? null : (starts[(status + headers.length / 2) % starts.length] ?? null);
}

/** What stands before the value of a field, by its name; empty for one that never passes. Upstreams can make names up. */
const lineStarts = new Map<string, string>();
const NAMES_MAX = 1024;
const NAME_LENGTH_MAX = 64;

function lineStartOf(name: string): string {
  const known = lineStarts.get(name);
  if (known !== undefined) return known;
  const start = isOurField(name) ? '' : `\r\n${name}: `;
  if (lineStarts.size < NAMES_MAX && name.length <= NAME_LENGTH_MAX) lineStarts.set(name, start);
  return start;
}
