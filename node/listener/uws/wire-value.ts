/** Field values as bytes. In the house they are strings of bytes (each character below 256), as they came off a wire. */

import type { HttpRequest } from 'uWebSockets.js';
import { countField, type HeaderList } from '@weir/proto/http/headers.js';

const PLAIN = /^[\t\x20-\x7e]*$/;
const LINE_BREAKING = /[\r\n\0]/;
const BEYOND_BYTES = /[^\0-\xff]/;

/**
 * The library writes strings as UTF-8, which would turn one byte above 127 into two, so such values are handed over as
 * bytes. A value with characters beyond a byte was written by a person, in a config, and goes out as UTF-8. One that
 * would end its line is a bug below, or an attempt at splitting the response: it throws, and fails the exchange.
 */
export function wireValue(name: string, value: string): string | Uint8Array {
  if (PLAIN.test(value)) return value;
  if (LINE_BREAKING.test(value)) throw new Error(`the response field ${name} holds a line break`);
  return BEYOND_BYTES.test(value) ? value : Buffer.from(value, 'latin1');
}

const REPLACEMENT = '\ufffd';

/**
 * The bytes of a request field's value that is not plain ASCII, as a string of bytes; null when they can't be known.
 * The library's iteration reads values as UTF-8, and puts U+FFFD where they are not. Its look-up by name reads bytes,
 * but only of the first field of that name.
 */
export function exactValue(req: HttpRequest, headers: HeaderList, name: string, value: string): string | null {
  if (!value.includes(REPLACEMENT)) return Buffer.from(value, 'utf8').toString('latin1');
  return countField(headers, name) === 1 ? req.getHeader(name) : null;
}
