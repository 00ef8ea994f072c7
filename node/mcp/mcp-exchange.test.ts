import { describe, expect, it } from 'vitest';
import { fakeBody, fakeClock, fakeTimers, leavingHandler, makeRequest } from '../pipeline/testing/harness.js';
import { makeServices } from '../pipeline/testing/specs.js';
import { McpExchange } from './mcp-exchange.js';
import type { McpRules } from './mcp-route.js';

const HEARTBEAT_MS = 1_000;

function setUp(piece: 'onHeaders' | 'onData', accept: string, visible: McpRules['visible']) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const rules: McpRules = {
    routeId: 'tools',
    spec: {
      ...{ kind: 'mcp', name: 'tools', instructions: '', origins: [], tools: [], answerBytesMax: 1_000 },
      ...{ heartbeatMs: HEARTBEAT_MS },
    },
    server: { name: 'tools', instructions: '', version: '1' },
    tools: new Map(),
    services: makeServices({ clock, timers }),
    visible,
    wayTo: () => null,
    authOf: () => [],
  };
  const body = fakeBody();
  const handler = leavingHandler(piece);
  handler.leave = new McpExchange(makeRequest({ headers: ['accept', accept], body }), handler, rules).begin();
  const say = (message: object): void => {
    body.push(JSON.stringify({ jsonrpc: '2.0', ...message }));
    body.end();
  };
  return { clock, timers, handler, say };
}

const STREAM = 'application/json, text/event-stream';
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const nothing = async () => [];

describe('a client that leaves with a piece of the answer in its hands', () => {
  it.each([
    ['onHeaders', 'application/json', { id: 1, method: 'ping' }],
    ['onData', 'application/json', { id: 1, method: 'ping' }],
    ['onHeaders', 'text/event-stream', { id: 1, method: 'ping' }],
    ['onData', 'text/event-stream', { id: 1, method: 'ping' }],
    ['onHeaders', STREAM, { method: 'notifications/initialized' }],
  ] as const)('hears nothing after %s as %s', (piece, accept, message) => {
    const { handler, timers, say } = setUp(piece, accept, nothing);
    say(message);
    expect([handler.events.at(-1), handler.ended, timers.armed]).toEqual([piece, false, 0]);
  });

  it.each(['onHeaders', 'onData'] as const)('of a stream hears nothing after %s of a sign of life', async (piece) => {
    let tell: (tools: []) => void = () => {};
    const visible = () => new Promise<[]>((resolve) => (tell = resolve));
    const { clock, handler, timers, say } = setUp(piece, STREAM, visible);
    say({ id: 1, method: 'tools/list' });
    clock.advance(HEARTBEAT_MS);
    expect(handler.events.at(-1)).toBe(piece);
    tell([]);
    await settle();
    clock.advance(HEARTBEAT_MS);
    expect([handler.events.at(-1), handler.ended, timers.armed]).toEqual([piece, false, 0]);
  });
});
