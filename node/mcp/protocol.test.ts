import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessage } from './json-rpc.js';
import { PAGE_TOOLS, pageOf, stepOf, versionOf } from './protocol.js';

const server = { name: 'weir', version: '1', instructions: '' };
const answer = (message: unknown) => stepOf(readMessage(message), server);
const request = (method: string, params: unknown = {}) => ({ jsonrpc: '2.0', id: 1, method, params });

describe('messages', () => {
  it('of any kind are answered, or need no answer, and nothing throws', () => {
    const method = fc.constantFrom('initialize', 'ping', 'tools/list', 'tools/call', 'x');
    const parts = { jsonrpc: fc.constantFrom('2.0', '1'), id: fc.jsonValue(), method, params: fc.jsonValue() };
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record(parts, { requiredKeys: [] })), (value) => {
        const message = readMessage(value);
        const step = stepOf(message, server);
        // Who asks gets an answer, and who does not gets none.
        expect(step.kind === 'nothing').toBe(message.kind === 'notification' || message.kind === 'response');
      }),
    );
  });

  it.each([
    ['2025-06-18', '2025-06-18'],
    ['2025-03-26', '2025-03-26'],
    ['2099-01-01', '2025-06-18'],
    [undefined, '2025-06-18'],
  ])('who begins with the version %s gets %s', (asked, spoken) => {
    expect(answer(request('initialize', { protocolVersion: asked }))).toMatchObject({
      body: { id: 1, result: { protocolVersion: spoken, capabilities: { tools: {} }, serverInfo: { name: 'weir' } } },
    });
  });

  it.each([
    [request('resources/list'), -32601],
    [request('tools/call', {}), -32602],
    [request('tools/call', { name: 'a', arguments: [] }), -32602],
    [request('tools/list', { cursor: 1 }), -32602],
    [{ jsonrpc: '2.0', id: null, method: 'ping' }, -32600],
    [{ jsonrpc: '2.0', id: 'x'.repeat(257), method: 'ping' }, -32600],
    [{ jsonrpc: '2.0', id: 1, method: 'ping', params: [] }, -32600],
  ])('%j is the error %i', (message, code) => {
    expect(answer(message)).toMatchObject({ body: { error: { code } } });
  });

  it('a call without arguments has none, and hears of progress where it asks for it', () => {
    const call = { kind: 'call', id: 1, tool: 'a', args: {}, progressToken: null };
    expect(answer(request('tools/call', { name: 'a' }))).toEqual(call);
    expect(answer(request('tools/call', { name: 'a', _meta: { progressToken: 0 } }))).toEqual({
      ...call,
      progressToken: 0,
    });
  });

  it('a version that is not spoken is none; who names none means the first that had the transport', () => {
    expect([versionOf('2025-06-18'), versionOf('2024-11-05'), versionOf(undefined)]).toEqual([
      ...['2025-06-18', null, '2025-03-26'],
    ]);
  });
});

it('pages have every tool once, in order, however many there are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 * PAGE_TOOLS }), (count) => {
      const tools = Array.from({ length: count }, (_, n) => ({ name: `t${n}` }));
      const seen: { name: string }[] = [];
      let cursor: string | null = null;
      do {
        const page: ReturnType<typeof pageOf<{ name: string }>> = pageOf(tools, cursor);
        expect(page?.tools.length).toBeLessThanOrEqual(PAGE_TOOLS);
        seen.push(...(page?.tools ?? []));
        cursor = page?.next ?? null;
      } while (cursor !== null);
      expect(seen).toEqual(tools);
      expect(pageOf(tools, 'gone')).toBeNull();
    }),
  );
});
