import type { CompressSpec } from '@weir/proto/snapshot/optimize.js';
import { expect, it } from 'vitest';
import { isCompressible } from './compress/negotiate.js';
import { isStream } from './stream-type.js';

const spec: CompressSpec = { minBytes: 1, types: ['text/*', 'application/*'], encodings: ['br'], keptBytes: 0 };

it.each([
  ['text/event-stream', true, true],
  ['Text/Event-Stream; charset=utf-8', true, true],
  ['application/x-ndjson', true, false],
  ['application/ndjson', true, false],
  ['application/jsonl', true, false],
  ['application/json-seq', true, false],
  ['application/geo+json-seq', true, false],
  ['application/json', false, false],
  ['application/x-my-ndjson-index', false, false],
  ['text/plain', false, false],
])('%s is a stream without a length: %s, with one: %s; what is one is not compressed', (type, open, known) => {
  const headers = ['content-type', type];
  expect([isStream(headers, null), isStream(headers, 5_000)]).toEqual([open, known]);
  for (const lengthBytes of [null, 5_000])
    expect(isCompressible({ status: 200, headers, lengthBytes }, spec)).toBe(!isStream(headers, lengthBytes));
});
