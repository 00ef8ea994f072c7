/**
 * One request of the demo's clients, and what a client can say about its end: answered well, an error with a name, or
 * given up at the client's deadline.
 */
import { type Agent, type IncomingMessage, request } from 'node:http';

export type Ending =
  | { readonly kind: 'answered'; readonly status: number; readonly sample: string | null; readonly body: string }
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'timeout' };

/** A problem document is below 2 KiB; of anything longer the beginning is enough. */
const BODY_CHARS_MAX = 16_384;

export function ask(url: string, agent: Agent, giveUpAfterMs: number): Promise<Ending> {
  return new Promise((resolve) => {
    const asked = request(url, { agent }, (response) => {
      readBody(response).then(
        (body) => end({ kind: 'answered', status: response.statusCode ?? 0, sample: sampleOf(response), body }),
        (error: Error) => end({ kind: 'broken', reason: reasonOf(error) }),
      );
    });
    const deadline = setTimeout(
      () => {
        end({ kind: 'timeout' });
        asked.destroy();
      },
      Math.max(0, giveUpAfterMs),
    );
    const end = (ending: Ending): void => {
      clearTimeout(deadline);
      resolve(ending); // Only the first end counts: destroying a request makes it emit an error as well.
    };
    asked.on('error', (error) => end({ kind: 'broken', reason: reasonOf(error) }));
    asked.end();
  });
}

function readBody(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      if (body.length < BODY_CHARS_MAX) body += chunk;
    });
    response.once('end', () => resolve(body));
    response.once('error', reject);
  });
}

const sampleOf = (response: IncomingMessage): string | null => response.headers['x-sample']?.toString() ?? null;

/** `ECONNRESET` and `socket hang up` are two words of Node's for one thing. */
function reasonOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : error.message;
  if (code === 'ECONNRESET') return 'connection reset';
  if (code === 'ECONNREFUSED') return 'connection refused';
  return code.toLowerCase();
}

/** What the answer itself says of its failure, and which upstream it names. */
export interface Named {
  readonly name: string;
  /** Public name of the upstream of the last attempt, as in `orders/2`. */
  readonly target: string | null;
}

/** Reads Weir's problem document (RFC 9457); an error without one has only its status for a name. */
export function nameError(status: number, body: string): Named {
  const bare = { name: `status ${status}`, target: null };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return bare;
  }
  if (typeof parsed !== 'object' || parsed === null || !('code' in parsed)) return bare;
  const attempts: unknown = 'attempts' in parsed ? parsed.attempts : [];
  const last: unknown = Array.isArray(attempts) ? attempts.at(-1) : undefined;
  const target = typeof last === 'object' && last !== null && 'target' in last ? String(last.target) : null;
  return { name: `${status} ${String(parsed.code)}`, target };
}
