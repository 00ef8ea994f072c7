/**
 * How the console asks control: JSON both ways, on the same origin, with the session's cookie and, on writes, its CSRF token and
 * an idempotency key. Owns that token. Answers are believed to have the form that the API's own types say.
 */
import { ApiProblem, problemOf, unreachable } from './problem.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Send {
  readonly method: Method;
  readonly path: string;
  readonly body?: unknown;
  /** Sent as it is, with this content type, in place of JSON. */
  readonly text?: { readonly type: string; readonly content: string };
  /** Version that was looked at (If-Match). */
  readonly version?: number | undefined;
}

/** Nothing here takes longer by itself; a purge of a large cluster comes close. */
const WAIT_MAX_MS = 60_000;

let csrf = '';

/** Called with each look at the session. */
export function rememberCsrf(token: string): void {
  csrf = token;
}

export function get<T>(path: string): Promise<T> {
  return send<T>({ method: 'GET', path });
}

export async function send<T>({ method, path, body, text, version }: Send): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET') {
    if (csrf !== '') headers['x-weir-csrf'] = csrf;
    headers['idempotency-key'] = newKey();
  }
  if (version !== undefined) headers['if-match'] = `"${version}"`;
  const content = text?.content ?? (body === undefined ? undefined : JSON.stringify(body));
  if (content !== undefined) headers['content-type'] = text?.type ?? 'application/json';
  const init: RequestInit = { method, headers, credentials: 'same-origin', signal: AbortSignal.timeout(WAIT_MAX_MS) };
  const answer = await fetch(path, content === undefined ? init : { ...init, body: content }).catch(() => null);
  if (answer === null) throw new ApiProblem(unreachable);
  return read<T>(answer);
}

async function read<T>(answer: Response): Promise<T> {
  const text = await answer.text().catch(() => null);
  if (text === null) throw new ApiProblem(unreachable);
  const isJson = /[/+]json\b/.test(answer.headers.get('content-type') ?? '');
  const body: unknown = isJson && text !== '' ? parsed(text) : text;
  if (!answer.ok) throw new ApiProblem(problemOf(answer.status, body));
  // The form is the API's promise, of the same release as this console.
  return body as T;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** 128 random bits in hexadecimal digits. Pages without TLS have no crypto.randomUUID. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
