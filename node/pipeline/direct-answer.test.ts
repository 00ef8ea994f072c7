import { expect, it } from 'vitest';
import { LateAnswer } from './direct-answer.js';
import { makeRequest, recordingHandler } from './testing/harness.js';

const body = new TextEncoder().encode('abc');

it('a late answer is given as a direct one is', () => {
  for (const [method, status, events] of [
    ['GET', 200, ['onHeaders', 'onData', 'onComplete']],
    ['HEAD', 200, ['onHeaders', 'onComplete']],
    ['GET', 204, ['onHeaders', 'onComplete']],
  ] as const) {
    const handler = recordingHandler();
    new LateAnswer().give(makeRequest({ method }), handler, status, ['x-a', '1'], body);
    expect([handler.status, handler.events, handler.head?.lengthBytes]).toEqual([
      status,
      events,
      status === 204 ? 0 : 3,
    ]);
  }
});

it('nothing of it comes behind a cancel, whichever piece that comes with', () => {
  for (const [at, events] of [
    ['onHeaders', ['onHeaders']],
    ['onData', ['onHeaders', 'onData']],
  ] as const) {
    const late = new LateAnswer();
    const recording = recordingHandler();
    const handler = {
      onHeaders: (head: Parameters<typeof recording.onHeaders>[0]) => {
        recording.onHeaders(head);
        if (at === 'onHeaders') late.cancel();
      },
      onData: (chunk: Uint8Array) => {
        recording.onData(chunk);
        late.cancel();
        return true;
      },
      onComplete: () => recording.onComplete(),
      onError: (failed: Parameters<typeof recording.onError>[0]) => recording.onError(failed),
    };
    late.give(makeRequest(), handler, 200, [], body);
    expect(recording.events).toEqual(events);
  }
  const left = new LateAnswer();
  left.cancel();
  const handler = recordingHandler();
  left.give(makeRequest(), handler, 200, [], body);
  expect(handler.events).toEqual([]);
});
