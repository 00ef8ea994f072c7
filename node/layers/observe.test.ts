import { failure, timerFired } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import type { GatewayRequest, WebSocketEvents, WebSocketPeer } from '../pipeline/dispatch.js';
import { fakeClock, makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { observe } from './observe.js';

function setUp() {
  const clock = fakeClock(1_000);
  const told: (string | GatewayRequest)[] = [];
  const observer = {
    route: (routeId: string) => ({
      started: () => void told.push(`started ${routeId}`),
      ended: (request: GatewayRequest) => void told.push(request),
      reused: () => {},
      jobEnded: () => {},
      fetchEnded: () => {},
      stored: () => {},
      notStored: () => {},
    }),
    timerFired: () => {},
    joined: () => {},
    decided: () => {},
  };
  const layer = observe(makeRoute({ id: 'orders' }), makeServices({ clock, observer }));
  if (layer === null) throw new Error('every route is observed');
  const bottom = scriptedDispatch();
  const request = makeRequest();
  return { clock, told, bottom, request, exchange: request.exchange, dispatch: layer(bottom.dispatch) };
}

/** A peer whose tunnel is closed by hand. */
function fakePeer() {
  let events: WebSocketEvents | null = null;
  const nothing = () => {};
  const peer: WebSocketPeer = {
    send: () => true,
    ping: nothing,
    pong: nothing,
    close: nothing,
    terminate: nothing,
    pause: nothing,
    resume: nothing,
    listen: (given) => {
      events = given;
    },
  };
  return { peer, closed: () => events?.onClose(1000, '') };
}

const deaf: WebSocketEvents = {
  onMessage: () => {},
  onPing: () => {},
  onPong: () => {},
  onDrain: () => {},
  onClose: () => {},
};

describe('an exchange that is observed', () => {
  it('is told of once when it begins and once when it is whole, with its status, bytes and times', () => {
    const { clock, told, bottom, request, exchange, dispatch } = setUp();
    const handler = recordingHandler();
    dispatch(request, handler);
    expect(told).toEqual(['started orders']);
    clock.advance(20);
    bottom.last().head(201);
    bottom.last().data('abc');
    handler.open = false;
    expect(bottom.last().data('de')).toBe(false);
    clock.advance(5);
    expect(told).toHaveLength(1);
    bottom.last().complete();
    expect(told).toEqual(['started orders', request]);
    expect(exchange).toMatchObject({
      status: 201,
      responseBytes: 5,
      headersAtMs: 1_020,
      endedAtMs: 1_025,
      failure: null,
    });
    expect([handler.text(), handler.ended]).toEqual(['abcde', true]);
  });

  it('ends with the failure that broke its answer', () => {
    const { told, bottom, request, exchange, dispatch } = setUp();
    const handler = recordingHandler();
    dispatch(request, handler);
    bottom.last().head(200);
    bottom.last().fail(timerFired('idle', 50));
    expect([exchange.status, exchange.failure?.code, told.length]).toEqual([200, 'idle_timeout', 2]);
    expect(handler.failure?.code).toBe('idle_timeout');
  });

  it('keeps the failure that was written down first', () => {
    const { bottom, request, exchange, dispatch } = setUp();
    dispatch(request, recordingHandler());
    exchange.failure = failure('draining', 'the drain limit passed');
    bottom.last().fail(failure('client_gone', ''));
    expect([exchange.status, exchange.failure.code]).toEqual([503, 'draining']);
  });

  it('counts as left by its client when it is cancelled, with 499 only where no head had passed', () => {
    for (const [head, status] of [
      [false, 499],
      [true, 200],
    ] as const) {
      const { told, bottom, request, exchange, dispatch } = setUp();
      const handler = recordingHandler();
      const cancel = dispatch(request, handler);
      if (head) bottom.last().head(200);
      cancel();
      cancel();
      expect([exchange.status, exchange.failure?.code, exchange.endedAtMs]).toEqual([status, 'client_gone', 1_000]);
      expect([told.length, bottom.last().cancelled]).toEqual([2, true]);
    }
  });

  it('cancels those below before it is looked at, so that their attempts have ended', () => {
    const { told, bottom, request, dispatch } = setUp();
    const cancel = dispatch(request, recordingHandler());
    const seen: boolean[] = [];
    told.push = (...items) => {
      seen.push(bottom.last().cancelled);
      return items.length;
    };
    cancel();
    expect(seen).toEqual([true]);
  });

  it('is not changed by a cancel after its end', () => {
    const { told, bottom, request, exchange, dispatch } = setUp();
    const cancel = dispatch(request, recordingHandler());
    bottom.last().answer(200);
    cancel();
    expect([told.length, exchange.failure]).toEqual([2, null]);
  });

  it('takes the status of a drain or a slow client from whoever wrote it down and then cancelled', () => {
    const { request, exchange, dispatch } = setUp();
    const cancel = dispatch(request, recordingHandler());
    exchange.failure = timerFired('clientBody', 100);
    cancel();
    expect([exchange.status, exchange.failure.code]).toEqual([408, 'client_body_timeout']);
  });
});

describe('a tunnel that is observed', () => {
  it('ends when it closes', () => {
    const { clock, told, bottom, request, exchange, dispatch } = setUp();
    const handler = recordingHandler();
    const { peer, closed } = fakePeer();
    dispatch(request, handler);
    bottom.last().handler.onUpgrade?.([], peer);
    handler.upgraded?.peer.listen(deaf);
    clock.advance(500);
    expect([exchange.status, told.length]).toEqual([101, 1]);
    closed();
    expect([exchange.endedAtMs, exchange.failure, told.length]).toEqual([1_500, null, 2]);
  });

  it('ends without a failure when it is cancelled or terminated', () => {
    for (const way of ['cancel', 'terminate'] as const) {
      const { told, bottom, request, exchange, dispatch } = setUp();
      const handler = recordingHandler();
      const cancel = dispatch(request, handler);
      bottom.last().handler.onUpgrade?.([], fakePeer().peer);
      if (way === 'cancel') cancel();
      else handler.upgraded?.peer.terminate();
      cancel();
      expect([way, told.length, exchange.failure]).toEqual([way, 2, null]);
    }
  });
});
