import { combinedValue } from '@weir/proto/http/headers.js';
import type { MaskSpec } from '@weir/proto/snapshot/mask.js';
import { expect, it } from 'vitest';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { mask } from './mask.js';

const hiding: MaskSpec = { fields: [['email']], pii: [], patterns: [], instead: '***', keep: 0, others: 'refuse' };

function send(spec: MaskSpec, headers: string[]) {
  const bottom = scriptedDispatch();
  const layer = mask(makeRoute({ mask: spec }), makeServices());
  const handler = recordingHandler();
  layer?.(bottom.dispatch)(makeRequest({ headers }), handler);
  return { handler, asked: bottom.last().request.headers, answer: bottom.last().answer };
}

it.each([
  ['text/csv', 'application/json'],
  ['application/json, text/csv;q=0.9', 'application/json'],
  ['*/*', 'application/json'],
  ['application/vnd.shop+json;q=1, application/json', 'application/vnd.shop+json;q=1, application/json'],
])('a client that accepts %s is given no form in which nothing is hidden', (accept, asked) => {
  expect(combinedValue(send(hiding, ['accept', accept]).asked, 'accept')).toBe(asked);
  expect(combinedValue(send({ ...hiding, others: 'pass' }, ['accept', accept]).asked, 'accept')).toBe(accept);
});

it('asks for JSON where the client does not say what it accepts, and for whole answers that can be read', () => {
  const { asked } = send(hiding, ['range', 'bytes=0-9', 'accept-encoding', 'br', 'x-own', '1']);
  expect(asked).toEqual(['x-own', '1', 'accept', 'application/json']);
});

it('refuses what comes as something else all the same', () => {
  const { handler, answer } = send(hiding, []);
  answer(200, ['content-type', 'text/csv'], 'ann@example.com');
  expect(handler.failure?.code).toBe('response_malformed');
});
