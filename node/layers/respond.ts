/** Answers with what the route says, and asks nobody. */
import { hasField } from '@weir/proto/http/headers.js';
import type { Place } from '../pipeline/chain.js';
import { answerDirectly } from '../pipeline/direct-answer.js';
import { checkedFields } from '../pipeline/header-edits.js';

export const respond: Place = (route) => {
  if (route.action.kind !== 'respond') return null;
  const { status, body } = route.action;
  const headers = checkedFields(route.id, route.action.headers);
  const bytes = new TextEncoder().encode(body);
  // Without a type a browser would guess one from the bytes.
  const typed =
    bytes.byteLength === 0 || hasField(headers, 'content-type')
      ? headers
      : [...headers, 'content-type', 'text/plain; charset=utf-8'];
  return () => (request, handler) => answerDirectly(request, handler, status, typed, bytes);
};
