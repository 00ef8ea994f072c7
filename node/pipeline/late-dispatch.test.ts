import { type Failure, failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { answerDirectly } from './direct-answer.js';
import { nothingToCancel } from './dispatch.js';
import { Ear } from './ear.js';
import { goOnLater } from './late-dispatch.js';
import { leavingHandler, makeRequest, recordingHandler, scriptedDispatch } from './testing/harness.js';

const body = new TextEncoder().encode('abc');
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const bug = (cause: unknown): Failure => failure('internal_error', 'a bug', { cause });

const until = [
  ['onHeaders', ['onHeaders']],
  ['onData', ['onHeaders', 'onData']],
] as const;

describe('a direct answer', () => {
  it.each([
    ['GET', 200, ['onHeaders', 'onData', 'onComplete'], 3],
    ['HEAD', 200, ['onHeaders', 'onComplete'], 3],
    ['GET', 204, ['onHeaders', 'onComplete'], 0],
    ['GET', 304, ['onHeaders', 'onComplete'], 0],
  ] as const)('to %s with %d is %j', (method, status, events, lengthBytes) => {
    const handler = recordingHandler();
    answerDirectly(makeRequest({ method }), handler, status, ['x-a', '1'], body);
    expect([handler.status, handler.events, handler.head?.lengthBytes]).toEqual([status, events, lengthBytes]);
  });

  it.each(until)('by an ear that is closed with %s ends there', (piece, events) => {
    const handler = leavingHandler(piece);
    const ear = new Ear(handler);
    handler.leave = () => ear.close();
    answerDirectly(makeRequest(), ear, 200, [], body);
    expect([handler.events, ear.isOpen]).toEqual([events, false]);
  });
});

describe('a dispatch that goes on later', () => {
  it.each(until)(
    'is silent when its client has left with %s, and cancels what had given back no Cancel yet',
    async (piece, events) => {
      const bottom = scriptedDispatch();
      let cancelled = 0;
      const handler = leavingHandler(piece);
      handler.leave = goOnLater(
        Promise.resolve('known'),
        handler,
        (_known, ear) => {
          const below = bottom.dispatch(makeRequest(), ear);
          bottom.last().answer(200, [], 'abc');
          return () => {
            cancelled += 1;
            below();
          };
        },
        bug,
      );
      await settle();
      expect([handler.events, cancelled]).toEqual([events, 1]);
    },
  );

  it('does not go on for a client that has left, nor tells it why not', async () => {
    for (const known of [() => Promise.resolve(1), () => Promise.reject(new Error('away'))]) {
      const bottom = scriptedDispatch();
      const handler = recordingHandler();
      goOnLater<unknown>(known(), handler, (_known, ear) => bottom.dispatch(makeRequest(), ear), bug)();
      await settle();
      expect([bottom.calls, handler.events]).toEqual([[], []]);
    }
  });

  it('fails by what it is told, of what could not be known and of a bug below', async () => {
    const cause = new Error('why');
    const thrown = () => {
      throw cause;
    };
    for (const [known, goOn] of [
      [() => Promise.reject(cause), () => nothingToCancel],
      [() => Promise.resolve(), thrown],
    ] as const) {
      const handler = recordingHandler();
      goOnLater(known(), handler, goOn, bug);
      await settle();
      expect(handler.failure).toMatchObject({ code: 'internal_error', cause });
    }
  });

  it('passes a cancel that comes later on to what is below', async () => {
    const bottom = scriptedDispatch();
    const handler = recordingHandler();
    const cancel = goOnLater(Promise.resolve(), handler, (_known, ear) => bottom.dispatch(makeRequest(), ear), bug);
    await settle();
    bottom.last().head(200);
    cancel();
    bottom.last().complete();
    expect([handler.events, bottom.last().cancelled]).toEqual([['onHeaders'], true]);
  });
});
