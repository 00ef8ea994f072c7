import { describe, expect, it } from 'vitest';
import { fakeBody, makeRequest } from '../../pipeline/testing/harness.js';
import { mayHedge } from './may-hedge.js';

const handshake = [
  ...['connection', 'Upgrade', 'upgrade', 'websocket', 'sec-websocket-version', '13'],
  ...['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
];

describe('a request may be hedged', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])('when it is safe: %s', (method) => {
    expect(mayHedge(makeRequest({ method }))).toBe(true);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT', 'get', 'PROPFIND'])(
    'and never otherwise: %s',
    (method) => {
      expect(mayHedge(makeRequest({ method }))).toBe(false);
    },
  );

  it('without a body, and when it does not become a tunnel', () => {
    expect(mayHedge(makeRequest({ body: fakeBody() }))).toBe(false);
    expect(mayHedge(makeRequest({ headers: handshake }))).toBe(false);
    expect(mayHedge(makeRequest({ method: 'HEAD', headers: handshake }))).toBe(true);
  });
});
