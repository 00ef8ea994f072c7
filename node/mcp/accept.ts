/** How a client of MCP takes an answer: as JSON, as a stream of events, or both. Pure. */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';

/** One that says nothing takes JSON. */
export function acceptOf(headers: HeaderList): { readonly json: boolean; readonly stream: boolean } {
  const accept = headerValue(headers, 'accept') ?? 'application/json';
  const stream = /\btext\/event-stream\b/i.test(accept);
  return { json: /\*\/\*|\bapplication\/(?:json|\*)/i.test(accept), stream };
}
