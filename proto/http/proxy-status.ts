/**
 * The Proxy-Status field (RFC 9209): which intermediary failed a request, with which error type, and how.
 *
 * The field is a List of Structured Fields (RFC 8941). A member is the name of the intermediary, as a Token where its
 * grammar allows and as a String otherwise, with its parameters. `details` comes from failures, so anything may stand
 * in it: what a String cannot hold is replaced, so that the field stays one field whatever an upstream has said.
 */

export interface ProxyStatus {
  /** Name of this intermediary; the pseudonym that it uses in Via. */
  readonly name: string;
  /** One of the registered error types (RFC 9209 §2.3). */
  readonly error: string;
  readonly details: string;
}

/** Longest `details`, in characters; the problem document has the whole text. */
export const DETAILS_MAX = 256;

/** RFC 8941 §3.3.4: ALPHA or "*", then tchar, ":" or "/". */
const TOKEN = /^[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*$/;

export function proxyStatus(status: ProxyStatus): string {
  const name = TOKEN.test(status.name) ? status.name : structuredString(status.name);
  return `${name}; error=${status.error}; details=${structuredString(status.details.slice(0, DETAILS_MAX))}`;
}

/** A String of Structured Fields (RFC 8941 §3.3.3): printable ASCII; the quote and the backslash are escaped. */
export function structuredString(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '?');
  return `"${printable.replace(/["\\]/g, '\\$&')}"`;
}
