/** What a request method promises of its effect (RFC 9110 §9.2). A method that is not listed is unknown, and may do anything. Pure. */

/** Methods that ask for no effect at all (§9.2.1), so that it does not matter who is asked, and how often. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Methods of which two have the effect of one (§9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set([...SAFE, 'PUT', 'DELETE']);

export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}
