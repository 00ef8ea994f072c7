/** Asks a service of Weir for JSON, and tells apart who does not answer and who is someone else. */

const ANSWER_WITHIN_MS = 5_000;

export type Asked =
  | { readonly kind: 'answer'; readonly body: string }
  /** Nobody answered; the reason is the system's. */
  | { readonly kind: 'silence'; readonly reason: string }
  /** Something answered that is not what was asked for. */
  | { readonly kind: 'stranger'; readonly status: number };

/** `127.0.0.1:9080` as well as `http://127.0.0.1:9080`. */
export function baseOf(address: string): string {
  return /^https?:\/\//.test(address) ? address : `http://${address}`;
}

export async function askJson(path: string, base: string): Promise<Asked> {
  let answer: Response;
  let body: string;
  try {
    answer = await fetch(new URL(path, base), { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    body = await answer.text();
  } catch (error) {
    return { kind: 'silence', reason: reasonOf(error) };
  }
  const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
  return answer.ok && isJson ? { kind: 'answer', body } : { kind: 'stranger', status: answer.status };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
