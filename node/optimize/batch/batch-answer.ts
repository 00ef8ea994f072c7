/** The answers of a batch as one: `{ "responses": [ { id, status, headers, body } … ] }`, in the order of its requests. Pure. */
import { type FailureCode, failureTable } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { connectionNamed, isHopByHop } from '@weir/proto/http/hop-by-hop.js';
import { mediaTypeOf } from '@weir/proto/http/media-type.js';
import { parsedJson } from '../../ai/json.js';
import type { CallEnd } from '../../calls/inner-call.js';

/** About the message that an answer came in, and none of its own. */
const OF_MESSAGE: ReadonlySet<string> = new Set(['content-length', 'date', 'server', 'alt-svc', 'set-cookie']);

/** As JSON, ready to stand in the list. */
export function answeredItem(id: string, end: CallEnd): string {
  if (end.kind === 'failed') {
    return problemItem(id, end.failure?.code ?? 'response_malformed', end.why);
  }
  const { status, headers, bytes } = end;
  const kept = keptHeaders(headers);
  const text = textOf(bytes);
  const body =
    bytes.byteLength === 0
      ? 'null'
      : text === null
        ? `${JSON.stringify(Buffer.from(bytes).toString('base64'))},"encoding":"base64"`
        : isJson(headers, text)
          ? text
          : JSON.stringify(text);
  return `{"id":${JSON.stringify(id)},"status":${status},"headers":${JSON.stringify(kept)},"body":${body}}`;
}

export function problemItem(id: string, code: FailureCode, detail: string): string {
  const { status, title } = failureTable[code];
  const body = { type: `urn:weir:problem:${code}`, title, status, detail, code };
  return JSON.stringify({ id, status, headers: { 'content-type': 'application/problem+json' }, body });
}

export function batchAnswer(items: readonly string[]): Uint8Array {
  return new TextEncoder().encode(`{"responses":[${items.join(',')}]}`);
}

/** Several of one name are a list, as RFC 9110 §5.3 joins them; cookies of one request are not those of the batch. */
function keptHeaders(headers: HeaderList): Record<string, string> {
  const named = connectionNamed(headers);
  const kept = new Map<string, string>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (OF_MESSAGE.has(name) || isHopByHop(name) || named.has(name)) continue;
    const before = kept.get(name);
    const value = headers[i + 1] ?? '';
    kept.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(kept);
}

/** It stands as it came, digits and all: a number that JavaScript can't hold is the client's to read. */
function isJson(headers: HeaderList, text: string): boolean {
  const type = mediaTypeOf(headerValue(headers, 'content-type'));
  return /[/+]json$/.test(type) && parsedJson(text) !== undefined;
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
