/** What a cache knows of status codes (RFC 9110 §15, RFC 9111 §3). Pure. */

/** RFC 9110 §15.1: may be reused without being told for how long. */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Those whose rules for caching are known here, which `must-understand` asks for (RFC 9111 §5.2.2.3). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  ...[200, 203, 204, 206, 300, 301, 302, 303, 307, 308],
  ...[400, 403, 404, 405, 410, 414, 451, 500, 501, 502, 503, 504],
]);

/** RFC 5861 §4: an upstream in trouble, for which an old answer may stand in. */
const TROUBLE: ReadonlySet<number> = new Set([500, 502, 503, 504]);

export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTIC.has(status);
}

export function isUnderstood(status: number): boolean {
  return UNDERSTOOD.has(status);
}

export function isTrouble(status: number): boolean {
  return TROUBLE.has(status);
}

/** A final answer that says what the resource is: a 304 is about a copy, a 416 about the range that one client wanted. */
export function isOfAResource(status: number): boolean {
  return status >= 200 && status !== 304 && status !== 416;
}

/** To a request with a Range: the whole, or a part that says which. What else comes may be about the range. */
export function mayAnswerRange(status: number): boolean {
  return status === 200 || status === 206;
}

/** Of a 4xx these tell what became of the resource; the others what was wrong with one request, or that there were too many. */
const NEW_STATES: ReadonlySet<number> = new Set([401, 403, 404, 405, 406, 410, 451]);

/** The resource is another one now, or gone. */
export function isNewState(status: number): boolean {
  return isOfAResource(status) && (status < 400 || NEW_STATES.has(status));
}
