/** The client's request as expressions see it, under `.request`. Pure. */
import type { GatewayRequest } from '../../pipeline/dispatch.js';
import type { Context } from './fill.js';

export function requestContext(request: GatewayRequest, body: unknown): Context {
  const { method, path, query, headers, exchange } = request;
  return {
    request: {
      ...{ method, path, body, consumer: exchange.consumerId },
      params: paramsOf(exchange.params),
      query: firstOfEach([...new URLSearchParams(query)]),
      headers: firstOfEach(pairsOf(headers)),
    },
  };
}

/** As they were meant; the rest of a path (`*`) stays as it stands in the path. */
function paramsOf(params: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, name === '*' ? value : decoded(value)] as const),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** What comes twice is meant once: a list where a text was expected would be a way to say something else to another route. */
function firstOfEach(pairs: readonly (readonly [name: string, value: string])[]): Record<string, string> {
  return Object.fromEntries([...pairs].reverse());
}

function pairsOf(headers: readonly string[]): (readonly [name: string, value: string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i < headers.length; i += 2) pairs.push([headers[i] ?? '', headers[i + 1] ?? '']);
  return pairs;
}
