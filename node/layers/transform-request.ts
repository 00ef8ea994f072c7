/** Removes, sets and adds request header fields as the route says, for the upstream's eyes only. */
import type { Place } from '../pipeline/chain.js';
import { withHeaders } from '../pipeline/derived-request.js';
import { applyHeaderEdits, compileHeaderEdits } from '../pipeline/header-edits.js';

export const transformRequest: Place = (route, services) => {
  const edits = compileHeaderEdits(route.id, route.requestHeaders, services.reveal);
  if (edits === null) return null;
  return (next) => (request, handler) => next(withHeaders(request, applyHeaderEdits(request.headers, edits)), handler);
};
