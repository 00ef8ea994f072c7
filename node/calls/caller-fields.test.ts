import { expect, it } from 'vitest';
import { callerFields, callerKeys } from './caller-fields.js';

it('credentials go with a call; what is about its message, and what Connection names, does not', () => {
  const given = [
    ...[
      'host',
      'a',
      'authorization',
      'Bearer k',
      'x-api-key',
      'k',
      'cookie',
      'c=1',
      'content-type',
      'application/json',
    ],
    ...['content-length', '9', 'accept', '*/*', 'accept-encoding', 'gzip', 'mcp-protocol-version', '2025-06-18'],
    ...['connection', 'x-hop', 'x-hop', '1', 'origin', 'https://a', 'if-none-match', '"a"', 'range', 'bytes=0-1'],
    ...['prefer', 'respond-async', 'weir-deadline', '5', 'transfer-encoding', 'chunked', 'x-weir-session', 's'],
  ];
  expect(callerFields(given, 'weir-deadline')).toEqual([
    ...['authorization', 'Bearer k', 'x-api-key', 'k', 'cookie', 'c=1', 'x-weir-session', 's'],
  ]);
});

it('of the query only the keys go along that the route looks for', () => {
  const auth = [{ kind: 'apiKey', in: ['bearer', { query: 'key' }], consumers: [], hide: true }] as const;
  expect(callerKeys('key=a%26b&other=1&k%65y=2', auth)).toBe('key=a%26b&k%65y=2');
  expect(callerKeys('key=a', [])).toBe('');
});
