import type { McpToolSpec } from '@weir/proto/snapshot/mcp.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type CheckValue, toolResult } from './tool-result.js';

const tool = (rest: McpToolSpec['call']['rest'], output: McpToolSpec['output'] = null): McpToolSpec => ({
  ...{ name: 't', title: '', description: '', input: {}, output, hints: {} },
  call: { route: 'r', method: 'GET', host: '', path: '/', query: [], rest },
});
const fits: CheckValue = () => null;
const answer = (text: string | Uint8Array, status = 200, type = 'application/json') => ({
  ...{ status, type, bytes: typeof text === 'string' ? new TextEncoder().encode(text) : text },
});

it('whatever a route answers is a result, and never throws', () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.json().map((text) => new TextEncoder().encode(text)),
  );
  const kinds = fc.constantFrom('', 'application/json', 'text/html; charset=utf-8', 'image/png', 'audio/wav');
  fc.assert(
    fc.property(bytes, fc.integer({ min: 200, max: 599 }), kinds, fc.boolean(), (body, status, type, isChecked) => {
      for (const spec of [tool('query', isChecked ? {} : null), tool('inputs', isChecked ? {} : null)]) {
        const result = toolResult(
          spec,
          isChecked && spec.call.rest === 'query' ? fits : null,
          answer(body, status, type),
        );
        expect(result['content']).toHaveLength(1);
        if (status >= 300) expect(result['isError']).toBe(true);
        // Clients refuse a result without structure where the tool has promised one.
        const isWhole = result['isError'] === true || result['structuredContent'] !== undefined;
        if (isChecked) expect(isWhole).toBe(true);
      }
    }),
  );
});

it.each([
  ['{"error":{"message":"inputs.text is missing"}}', 'HTTP 400: inputs.text is missing'],
  ['{"title":"Too many","detail":"60 a minute"}', 'HTTP 400: 60 a minute'],
  ['<html>', 'HTTP 400: <html>'],
  ['x'.repeat(10_000), `HTTP 400: ${'x'.repeat(3_990)}`],
])('an error is told in its own words, and bounded: %.40s', (body, text) => {
  expect(toolResult(tool('query'), null, answer(body, 400))).toEqual({
    content: [{ type: 'text', text }],
    isError: true,
  });
});

it('pictures and sounds are content of their kind, and other bytes are no text', () => {
  const bytes = Uint8Array.of(0xff, 0xfe);
  expect(toolResult(tool('query'), null, answer(bytes, 200, 'image/png'))).toEqual({
    content: [{ type: 'image', data: '//4=', mimeType: 'image/png' }],
  });
  expect(toolResult(tool('query'), null, answer(bytes, 200, 'audio/wav'))).toMatchObject({
    content: [{ type: 'audio' }],
  });
  expect(toolResult(tool('query'), null, answer(bytes, 200, 'application/zip'))).toMatchObject({ isError: true });
});
