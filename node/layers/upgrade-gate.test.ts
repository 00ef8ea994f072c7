import type { WebSocketSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import { fakeClock, fakeTimers, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { upgradeGate } from './upgrade-gate.js';

const KEY = ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='];
const ASK = ['upgrade', 'websocket', 'connection', 'upgrade'];
const open: WebSocketSpec = { idleMs: 1, origins: null };
const HANDSHAKE = [...ASK, ...KEY, 'sec-websocket-version', '13'];

function outcome(headers: string[], websocket: WebSocketSpec | null, method = 'GET') {
  const layer = upgradeGate(makeRoute({ websocket }), makeServices());
  const bottom = scriptedDispatch((call) => call.answer(200));
  const handler = recordingHandler();
  layer?.(bottom.dispatch)(makeRequest({ method, headers }), handler);
  return [handler.failure?.code ?? 'passed', ...(handler.failure?.headers ?? [])];
}

describe('the upgrade gate', () => {
  it.each([
    [HANDSHAKE, ['upgrade_not_allowed', 'upgrade', 'HTTP/1.1']],
    [
      [...ASK, ...KEY],
      ['upgrade_not_allowed', 'upgrade', 'HTTP/1.1'],
    ],
    [['upgrade', 'h2c', 'connection', 'upgrade'], ['passed']],
    [[], ['passed']],
  ])('%j is %j on a route that takes no WebSocket', (headers, expected) =>
    expect(outcome(headers, null)).toEqual(expected),
  );

  it.each([
    [HANDSHAKE, ['passed']],
    [
      [...ASK, ...KEY, 'sec-websocket-version', '8'],
      ['upgrade_not_allowed', 'upgrade', 'websocket', 'sec-websocket-version', '13'],
    ],
    [[...ASK, 'sec-websocket-version', '13'], ['bad_request']],
    [['upgrade', 'h2c', 'connection', 'upgrade'], ['passed']],
    [[], ['passed']],
  ])('%j is %j on a route that takes WebSockets', (headers, expected) =>
    expect(outcome(headers, open)).toEqual(expected),
  );

  it.each([
    ['https://app.example.com', 'passed'],
    ['HTTPS://App.Example.com', 'passed'],
    ['https://a.b.partner.example', 'passed'],
    ['https://partner.example', 'origin_denied'],
    ['https://evil.partner.example.evil.example', 'origin_denied'],
    ['http://app.example.com', 'origin_denied'],
    ['https://app.example.com:8443', 'origin_denied'],
    ['https://app.example.com, https://evil.example', 'origin_denied'],
    ['null', 'origin_denied'],
    ['', 'origin_denied'],
    [null, 'passed'],
  ])('a page of %j that asks for a WebSocket is %s where origins are named', (origin, expected) => {
    const origins = ['https://app.example.com', 'https://*.partner.example'];
    const headers = [...HANDSHAKE, ...(origin === null ? [] : ['origin', origin])];
    expect(outcome(headers, { ...open, origins })).toEqual([expected]);
    expect(outcome(headers, open)).toEqual(['passed']);
    // What is no handshake is no concern of the list.
    expect(outcome(headers.slice(HANDSHAKE.length), { ...open, origins })).toEqual(['passed']);
  });

  it('takes two Origin fields for none that is named', () => {
    const twice = ['origin', 'https://app.example.com', 'origin', 'https://app.example.com'];
    expect(outcome([...HANDSHAKE, ...twice], { ...open, origins: ['https://app.example.com'] })).toEqual([
      'origin_denied',
    ]);
  });

  it('ignores what asks by POST, whatever the route takes', () => {
    expect([outcome(HANDSHAKE, null, 'POST'), outcome(HANDSHAKE, open, 'POST')]).toEqual([['passed'], ['passed']]);
  });

  it('closes a tunnel in which nothing passes for as long as the route says, and counts that', () => {
    const clock = fakeClock();
    const timers = fakeTimers(clock);
    const fired: string[] = [];
    const observer = { ...makeServices().observer, timerFired: (timer: string) => void fired.push(timer) };
    const services = makeServices({ timers, observer });
    const layer = upgradeGate(makeRoute({ websocket: { ...open, idleMs: 500 } }), services);
    const bottom = scriptedDispatch(() => {});
    layer?.(bottom.dispatch)(makeRequest({ headers: HANDSHAKE }), recordingHandler());
    const peer = fakePeer();
    bottom.last().handler.onUpgrade?.([], peer);
    clock.advance(499);
    expect(peer.log).toEqual([]);
    clock.advance(1);
    expect([peer.log, fired]).toEqual([['close 1001 idle'], ['idle']]);
  });
});
