import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { fakeBody, fakeClock, fakeTimers, makeRequest, recordingHandler, scriptedDispatch } from './harness.js';

type Recorder = ReturnType<typeof recordingHandler>;

describe('the fake clock and its timers', () => {
  it('fires timers in the order in which they are due, each at its own time', () => {
    const clock = fakeClock(0);
    const timers = fakeTimers(clock);
    const fired: [string, number][] = [];
    timers.create(() => fired.push(['late', clock.nowMs()])).arm(20);
    const early = timers.create(() => {
      fired.push(['early', clock.nowMs()]);
      if (fired.length < 2) early.arm(5);
    });
    early.arm(10);
    clock.advance(20);
    expect(fired).toEqual([
      ['early', 10],
      ['early', 15],
      ['late', 20],
    ]);
    expect([timers.armed, clock.nowMs()]).toEqual([0, 20]);
  });

  it('does not fire what was cancelled, and counts what is armed', () => {
    const clock = fakeClock();
    const timers = fakeTimers(clock);
    let fired = 0;
    const timer = timers.create(() => {
      fired += 1;
    });
    timer.arm(5);
    timer.arm(9);
    expect(timers.armed).toBe(1);
    timer.cancel();
    clock.advance(100);
    expect([fired, timers.armed]).toEqual([0, 0]);
  });
});

describe('the recording handler', () => {
  it('refuses each order of calls that the contract forbids', () => {
    const head = { status: 200, headers: [], lengthBytes: null, resume: () => {} };
    const start = (to: Recorder) => to.onHeaders(head);
    const end = (to: Recorder) => to.onComplete();
    const data = (to: Recorder) => to.onData(new Uint8Array(1));
    const fail = (to: Recorder) => to.onError(failure('internal_error', ''));
    const orders = [
      [data],
      [end],
      [start, start],
      [start, end, end],
      [fail, start],
      [start, end, fail],
      [start, fail, data],
    ];
    for (const order of orders) {
      const to = recordingHandler();
      for (const step of order.slice(0, -1)) step(to);
      expect(() => order.at(-1)?.(to)).toThrow('contract broken');
    }
  });
});

describe('the scripted dispatch', () => {
  it('answers by its steps, and is silent after a cancel', () => {
    const bottom = scriptedDispatch((call) => call.answer(201, ['etag', '"1"'], 'made'));
    const first = recordingHandler();
    bottom.dispatch(makeRequest(), first);
    expect([first.status, first.text(), first.ended]).toEqual([201, 'made', true]);

    const second = recordingHandler();
    const cancel = bottom.dispatch(makeRequest({ path: '/two' }), second);
    cancel();
    bottom.last().answer(200);
    expect([bottom.last().cancelled, second.events, bottom.last().request.path]).toEqual([true, [], '/two']);
  });
});

describe('the fake body', () => {
  it('keeps what comes before its reader and hands it over in order', () => {
    const body = fakeBody();
    body.push('a');
    body.push('b');
    body.end();
    const seen: string[] = [];
    body.read({
      onChunk: (chunk) => seen.push(new TextDecoder().decode(chunk)),
      onEnd: () => seen.push('end'),
      onError: () => seen.push('error'),
    });
    expect(seen).toEqual(['a', 'b', 'end']);
    expect(() => body.read({ onChunk: () => {}, onEnd: () => {}, onError: () => {} })).toThrow('one reader');
  });
});
