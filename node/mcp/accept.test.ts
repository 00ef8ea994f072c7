import { expect, it } from 'vitest';
import { acceptOf } from './accept.js';

it.each([
  [undefined, { json: true, stream: false }],
  ['*/*', { json: true, stream: false }],
  ['application/json, text/event-stream', { json: true, stream: true }],
  ['text/event-stream', { json: false, stream: true }],
  ['text/html', { json: false, stream: false }],
])('Accept %j', (accept, expected) => {
  expect(acceptOf(accept === undefined ? [] : ['accept', accept])).toEqual(expected);
});
