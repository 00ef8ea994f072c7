import { describe, expect, it } from 'vitest';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import { fakeClock, fakeTimers, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
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

  it('lets a plain request through as it is on a route that takes WebSockets', () => {
    const layer = upgradeGate(makeRoute({ websocket: { idleMs: 1 } }), makeServices());
    const bottom = scriptedDispatch((call) => call.answer(200));
    const { onHeaders, onData, onComplete, onError } = recordingHandler();
    layer?.(bottom.dispatch)(makeRequest({ headers: [] }), { onHeaders, onData, onComplete, onError });
    expect(bottom.last().handler.onUpgrade).toBeUndefined();
  });

  it('closes a tunnel in which nothing passes for as long as the route says, and counts that', () => {
    const clock = fakeClock();
    const timers = fakeTimers(clock);
    const fired: string[] = [];
    const observer = { ...makeServices().observer, timerFired: (timer: string) => void fired.push(timer) };
    const services = makeServices({ timers, observer });
    const layer = upgradeGate(makeRoute({ websocket: { idleMs: 500 } }), services);
    const bottom = scriptedDispatch(() => {});
    layer?.(bottom.dispatch)(makeRequest({ headers: [] }), recordingHandler());
    const peer = fakePeer();
    bottom.last().handler.onUpgrade?.([], peer);
    clock.advance(499);
    expect(peer.log).toEqual([]);
    clock.advance(1);
    expect([peer.log, fired]).toEqual([['close 1001 idle'], ['idle']]);
  });
});
