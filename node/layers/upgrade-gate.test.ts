import { describe, expect, it } from 'vitest';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { upgradeGate } from './upgrade-gate.js';

function outcome(headers: string[]): string {
  const layer = upgradeGate(makeRoute({ websocket: null }), makeServices());
  const bottom = scriptedDispatch((call) => call.answer(200));
  const handler = recordingHandler();
  layer?.(bottom.dispatch)(makeRequest({ headers }), handler);
  if (handler.failure !== null) expect(handler.failure.headers).toEqual(['upgrade', 'HTTP/1.1']);
  return handler.failure?.code ?? 'passed';
}

describe('the upgrade gate', () => {
  it.each([
    [['upgrade', 'websocket'], 'upgrade_not_allowed'],
    [['upgrade', 'WebSocket'], 'upgrade_not_allowed'],
    [['upgrade', 'h2c, websocket/13'], 'upgrade_not_allowed'],
    [['upgrade', 'h2c', 'upgrade', 'websocket'], 'upgrade_not_allowed'],
    [['upgrade', 'h2c'], 'passed'],
    [['upgrade', 'websockets'], 'passed'],
    [[], 'passed'],
  ])('%j is %s', (headers, expected) => expect(outcome(headers)).toBe(expected));

  it('is not there on a route that takes WebSockets', () => {
    expect(upgradeGate(makeRoute({ websocket: { idleMs: 1 } }), makeServices())).toBeNull();
  });
});
