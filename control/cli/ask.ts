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

interface JsonRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type Posted =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string; readonly told: object }
  | { readonly kind: 'silence'; readonly reason: string }
  | { readonly kind: 'stranger'; readonly status: number };

/** Sends JSON; the answer is JSON as well, whether it is a success or a problem document that says why not. */
export function postJson(path: string, base: string, sent: object, withinMs = ANSWER_WITHIN_MS): Promise<Posted> {
  const headers = { 'content-type': 'application/json' };
  return exchangeJson(path, base, { method: 'POST', headers, body: JSON.stringify(sent) }, withinMs);
}

/** As `postJson`, for what is only looked at. */
export function getJson(path: string, base: string, withinMs = ANSWER_WITHIN_MS): Promise<Posted> {
  return exchangeJson(path, base, {}, withinMs);
}

async function exchangeJson(path: string, base: string, request: JsonRequest, withinMs: number): Promise<Posted> {
  let answer: Response;
  let body: string;
  try {
    const headers = { ...credentialFor(base), ...request.headers };
    answer = await fetch(new URL(path, base), { ...request, headers, signal: AbortSignal.timeout(withinMs) });
    body = await answer.text();
  } catch (error) {
    return { kind: 'silence', reason: reasonOf(error) };
  }
  const told = parsed(body);
  const { status } = answer;
  // An admin API of an earlier release has no such path, and says that in a problem document of its own.
  const title: unknown = typeof told === 'object' && told !== null ? Reflect.get(told, 'title') : undefined;
  const isOther = status === 404 && (typeof title !== 'string' || title === 'Not Found');
  // Who asks is said in words of our own, with the cure.
  const isMeant = typeof told === 'object' && told !== null && !isOther && status !== 401;
  return isMeant ? { kind: 'answer', status, body, told } : { kind: 'stranger', status };
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
