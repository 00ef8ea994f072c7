/** Whether an answer is JSON that can be read as it comes. Pure. */
import { type HeaderList, hasField, headerValue } from '@weir/proto/http/headers.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';

export function isPlainJson({ status, headers }: { readonly status: number; readonly headers: HeaderList }): boolean {
  if (status < 200 || status >= 300 || status === 204 || status === 205 || status === 206) return false;
  if (hasField(headers, 'content-encoding')) return false;
  const type = mediaTypeOf(headerValue(headers, 'content-type'));
  return type === 'application/json' || type.endsWith('+json');
}
