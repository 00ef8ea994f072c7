import { describe, expect, it } from 'vitest';
import { asksPlainly } from './reusable.js';
import { makeGateway } from './testing/specs.js';

const own = makeGateway().names;

describe('asking plainly', () => {
  it('is what browsers, probes and load generators do', () => {
    expect(asksPlainly(['host', 'a.example'], own)).toBe(true);
    expect(asksPlainly(['host', 'a', 'user-agent', 'x', 'accept', '*/*', 'connection', 'keep-alive'], own)).toBe(true);
    expect(
      asksPlainly(['host', 'a', 'cookie', 'a=b', 'accept-encoding', 'gzip', 'x-forwarded-for', '10.0.0.1'], own),
    ).toBe(true);
    expect(asksPlainly(['host', 'a', 'x-api-key', 'secret', 'x-of-somebody', '1'], own)).toBe(true);
  });

  it.each([
    ['cache-control', 'no-cache'],
    ['pragma', 'no-cache'],
    ['range', 'bytes=0-1'],
    ['if-none-match', '"a"'],
    ['if-modified-since', 'x'],
    ['authorization', 'Basic x'],
    ['x-request-timeout-ms', '10'],
    ['grpc-timeout', '1S'],
    ['prefer', 'respond-async'],
    ['traceparent', 'x'],
    ['x-request-id', 'x'],
    ['expect', '100-continue'],
    ['upgrade', 'websocket'],
    ['connection', 'close'],
    ['connection', 'keep-alive, x-thing'],
    ['of-somebody', '1'],
  ])('is not to send %s: %s', (name, value) => {
    expect(asksPlainly(['host', 'a', name, value], own)).toBe(false);
  });
});
