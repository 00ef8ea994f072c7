/** Asks a service of Weir for JSON, and tells apart who does not answer and who is someone else. */
import { credentialFor } from './credential.js';

const ANSWER_WITHIN_MS = 5_000;

export type Asked<T> =
  | { readonly kind: 'answer'; readonly body: string; readonly told: T }
  /** Nobody answered; the reason is the system's. */
  | { readonly kind: 'silence'; readonly reason: string }
  /** Something answered that is not what was asked for. */
  | { readonly kind: 'stranger'; readonly status: number };

/** `127.0.0.1:9080` as well as `http://127.0.0.1:9080`. */
export function baseOf(address: string): string {
  return /^https?:\/\//.test(address) ? address : `http://${address}`;
}

/** `member` is a list that the answer of the one who is meant has; another service that speaks JSON has none of that name. */
export async function askJson<T>(
  path: string,
  base: string,
  member: keyof T & string,
  /** A node is told none. */
  headers: Record<string, string> = credentialFor(base),
): Promise<Asked<T>> {
  let answer: Response;
  let body: string;
  try {
    // A URL that is none rejects here, too, with words of its own.
    answer = await fetch(new URL(path, base), { headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    body = await answer.text();
  } catch (error) {
    return { kind: 'silence', reason: reasonOf(error) };
  }
  const told = answer.ok ? parsed(body) : null;
  const isMeant = typeof told === 'object' && told !== null && Array.isArray(Reflect.get(told, member));
  // The service of the same release answered, and writes this type.
  return isMeant ? { kind: 'answer', body, told: told as T } : { kind: 'stranger', status: answer.status };
}

export type Posted =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      /** An empty object where there is no body. */
      readonly told: object;
      /** Values of Set-Cookie. */
      readonly cookies: readonly string[];
    }
  | { readonly kind: 'silence'; readonly reason: string }
  | { readonly kind: 'stranger'; readonly status: number }
  /** It wants to know who asks. */
  | { readonly kind: 'unknown'; readonly status: 401; readonly told: object };

export interface JsonRequest {
  readonly sent?: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** As whom; left out: as whatever is known for that address. */
  readonly as?: Readonly<Record<string, string>>;
  readonly withinMs?: number;
}

/** Sends JSON; the answer is JSON as well, whether it is a success or a problem document that says why not. */
export function postJson(path: string, base: string, sent: object, withinMs = ANSWER_WITHIN_MS): Promise<Posted> {
  return sendJson('POST', path, base, { sent, withinMs });
}

/** As `postJson`, for what is only looked at. */
export function getJson(path: string, base: string, withinMs = ANSWER_WITHIN_MS): Promise<Posted> {
  return sendJson('GET', path, base, { withinMs });
}

export async function sendJson(method: string, path: string, base: string, request: JsonRequest): Promise<Posted> {
  const { sent, as = credentialFor(base), withinMs = ANSWER_WITHIN_MS } = request;
  const type = sent === undefined ? {} : { 'content-type': 'application/json' };
  const headers = { ...type, ...as, ...request.headers };
  const content = sent === undefined ? {} : { body: JSON.stringify(sent) };
  let answer: Response;
  let body: string;
  try {
    answer = await fetch(new URL(path, base), {
      ...{ method, headers, ...content, signal: AbortSignal.timeout(withinMs) },
    });
    body = await answer.text();
  } catch (error) {
    return { kind: 'silence', reason: reasonOf(error) };
  }
  const { status } = answer;
  const told = status === 204 ? {} : parsed(body);
  // An admin API of an earlier release has no such path, and says that in a problem document of its own.
  const title: unknown = typeof told === 'object' && told !== null ? Reflect.get(told, 'title') : undefined;
  const isOther = status === 404 && (typeof title !== 'string' || title === 'Not Found');
  if (typeof told !== 'object' || told === null || isOther) return { kind: 'stranger', status };
  if (status === 401) return { kind: 'unknown', status, told };
  return { kind: 'answer', status, body, told, cookies: answer.headers.getSetCookie() };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
