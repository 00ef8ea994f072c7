/** The fields of a request as a transport may send them: framing is made by whoever writes the message, never copied. */
import type { HeaderList } from '@weir/proto/http/headers.js';
import { isHopByHop } from '@weir/proto/http/hop-by-hop.js';

const ends = (name: string): boolean => name === 'content-length' || name === 'expect' || isHopByHop(name);

/** The list without framing and hop-by-hop fields; the very same list when there are none, which is the usual case. */
export function sendableFields(headers: HeaderList): HeaderList {
  for (let i = 0; i < headers.length; i += 2) {
    if (ends(headers[i] ?? '')) return headers.filter((_, at) => !ends(headers[at - (at % 2)] ?? ''));
  }
  return headers;
}
