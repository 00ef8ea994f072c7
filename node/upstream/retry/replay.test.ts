import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BodySink, RequestBody } from '../../pipeline/dispatch.js';
import { fakeBody } from '../../pipeline/testing/harness.js';
import { createHeldBytes } from './held-bytes.js';
import { Replay, replayOf } from './replay.js';

interface Reader {
  readonly body: RequestBody;
  readonly got: string[];
  readonly ending: string | null;
}

function read(replay: Replay, onChunk: (body: RequestBody) => void = () => {}): Reader {
  const body = replay.body();
  const got: string[] = [];
  const reader = { body, got, ending: null as string | null };
  const sink: BodySink = {
    onChunk(chunk) {
      if (reader.ending !== null) throw new Error('a chunk came behind the end');
      got.push(new TextDecoder().decode(chunk));
      onChunk(body);
    },
    onEnd() {
      if (reader.ending !== null) throw new Error('the body ended twice');
      reader.ending = 'end';
    },
    onError(failed) {
      if (reader.ending !== null) throw new Error('the body ended twice');
      reader.ending = failed.code;
    },
  };
  body.read(sink);
  return reader;
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('push' as const), bytes: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), pauseAt: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'pause' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'resume' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'let-go' as const }) },
);

describe('a body that is read again', () => {
  it('is the same for every reader, whatever came when, and its memory stays within the bound and what was in flight', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 0, max: 60 }),
        fc.boolean(),
        (steps, bound, nodeBound, isStubborn) => {
          const source = fakeBody();
          const bodies = createHeldBytes(nodeBound);
          const replay = new Replay(source, bound, bodies);
          let sent = '';
          let reader = read(replay);
          let isPaused = false;
          for (const one of steps) {
            if (one.kind === 'push' && !(source.paused && !isStubborn)) {
              const piece = String.fromCharCode(97 + (sent.length % 26)).repeat(one.bytes);
              const before = replay.keptBytes;
              sent += piece;
              // Pushed against a pause: what was in flight. Else only what fits is kept.
              const wasPaused = source.paused;
              source.push(piece);
              if (!wasPaused) expect(replay.keptBytes).toBeLessThanOrEqual(Math.max(bound, before));
            } else if (one.kind === 'again' && replay.isWhole) {
              isPaused = false;
              let { pauseAt } = one;
              reader = read(replay, (body) => {
                pauseAt -= 1;
                if (pauseAt !== 0) return;
                body.pause();
                isPaused = true;
              });
            } else if (one.kind === 'pause') {
              reader.body.pause();
              isPaused = true;
              expect(source.paused).toBe(true);
            } else if (one.kind === 'resume') {
              isPaused = false;
              reader.body.resume();
            } else if (one.kind === 'let-go') replay.letGo();
            // A reader that wants more has all there is, and the source runs exactly then.
            expect(bodies.bytes).toBeLessThanOrEqual(Math.min(nodeBound, replay.keptBytes));
            if (!isPaused) expect([reader.got.join(''), source.paused]).toEqual([sent, false]);
          }
          source.end();
          // It may pause once more, and has then to be asked again.
          reader.body.resume();
          reader.body.resume();
          expect([reader.got.join(''), reader.ending]).toEqual([sent, 'end']);
          // What is not whole is not given away as if it were.
          if (replay.isWhole) {
            const last = read(replay);
            expect([last.got.join(''), last.ending]).toEqual([sent, 'end']);
          }
          replay.release();
          expect(bodies.bytes).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is kept only while the node has room for it', () => {
    const bodies = createHeldBytes(5);
    const [first, second] = [fakeBody(), fakeBody()];
    const [kept, refused] = [new Replay(first, 100, bodies), new Replay(second, 100, bodies)];
    const [reader, other] = [read(kept), read(refused)];
    first.push('abc');
    second.push('de');
    expect([kept.isWhole, refused.isWhole, bodies.bytes]).toEqual([true, true, 5]);
    second.push('f');
    expect([refused.isWhole, refused.keptBytes, bodies.bytes, bodies.refusals]).toEqual([false, 0, 3, 1]);
    // What is not kept goes on to its reader all the same.
    second.end();
    expect([other.got.join(''), other.ending]).toEqual(['def', 'end']);
    kept.release();
    first.push('ghijkl');
    expect([reader.got.join(''), bodies.bytes]).toEqual(['abcghijkl', 0]);
  });

  it('is kept up to the bound to the byte, and not beyond it', () => {
    for (const [bytes, isWhole] of [
      [8, true],
      [9, false],
    ] as const) {
      const source = fakeBody();
      const replay = new Replay(source, 8, createHeldBytes());
      read(replay);
      source.push('a'.repeat(bytes));
      expect([bytes, replay.isWhole, replay.keptBytes]).toEqual([bytes, isWhole, isWhole ? 8 : 0]);
    }
  });

  it('is not kept at all when it is known to be too long, but can be sent again while nothing of it was read', () => {
    const source = fakeBody(9);
    const replay = new Replay(source, 8, createHeldBytes());
    replay.body();
    expect(replay.isWhole).toBe(true);
    const reader = read(replay);
    source.push('abc');
    expect([reader.got, replay.isWhole, replay.keptBytes]).toEqual([['abc'], false, 0]);
  });

  it('is let go when it comes in so many pieces that they cost more than their bytes', () => {
    const source = fakeBody();
    const replay = new Replay(source, 65_536, createHeldBytes());
    const reader = read(replay);
    for (let i = 0; i < 5_000; i += 1) source.push('a');
    expect([reader.got.length, replay.isWhole, replay.keptBytes]).toEqual([5_000, false, 0]);
  });

  it('says nothing more to the reader before, and holds the source between two readers', () => {
    const source = fakeBody();
    const replay = new Replay(source, 100, createHeldBytes());
    const first = read(replay);
    source.push('a');
    replay.detach();
    source.push('b');
    first.body.resume();
    expect([first.got, source.paused]).toEqual([['a'], true]);
    const second = read(replay);
    first.body.pause();
    expect(source.paused).toBe(false);
    source.end();
    expect([second.got, second.ending, first.ending, source.paused]).toEqual([['a', 'b'], 'end', null, false]);
  });

  it('gives nothing to a reader that pauses while it catches up, and opens the source only behind that', () => {
    const source = fakeBody();
    const replay = new Replay(source, 100, createHeldBytes());
    read(replay);
    source.push('a');
    source.push('b');
    const second = read(replay, (body) => body.pause());
    expect([second.got, source.paused]).toEqual([['a'], true]);
    second.body.resume();
    expect([second.got, source.paused]).toEqual([['a', 'b'], true]);
    second.body.resume();
    expect(source.paused).toBe(false);
  });

  it('is let go behind a reader that has caught up, where what was in flight has made it too long', () => {
    const source = fakeBody();
    const replay = new Replay(source, 2, createHeldBytes());
    read(replay);
    source.push('ab');
    replay.detach();
    source.push('cd');
    expect([replay.isWhole, replay.keptBytes]).toEqual([true, 4]);
    const second = read(replay);
    expect([second.got, replay.isWhole, replay.keptBytes]).toEqual([['ab', 'cd'], false, 0]);
  });

  it('gives no piece to a reader that is still busy with one', () => {
    const source = fakeBody();
    const replay = new Replay(source, 100, createHeldBytes());
    read(replay);
    for (const piece of ['a', 'b', 'c']) source.push(piece);
    let isBusy = false;
    const second = read(replay, (body) => {
      expect(isBusy).toBe(false);
      isBusy = true;
      body.pause();
      body.resume();
      isBusy = false;
    });
    expect(second.got).toEqual(['a', 'b', 'c']);
  });

  it('passes from one reader to the next in the middle of a piece', () => {
    const source = fakeBody();
    const replay = new Replay(source, 100, createHeldBytes());
    read(replay);
    source.push('a');
    source.push('b');
    let third: Reader | null = null;
    const second = read(replay, () => {
      third ??= read(replay);
    });
    source.end();
    expect([second.got, second.ending]).toEqual([['a'], null]);
    expect(third).toMatchObject({ got: ['a', 'b'], ending: 'end' });
  });

  it('ends for every reader as it ended, also when that was before it began, or with nothing in it', () => {
    const empty = fakeBody();
    const replay = new Replay(empty, 100, createHeldBytes());
    empty.end();
    expect([read(replay).ending, read(replay).ending]).toEqual(['end', 'end']);

    const late = fakeBody();
    const third = new Replay(late, 100, createHeldBytes());
    read(third);
    const unread = third.body();
    late.end();
    const heard: string[] = [];
    unread.read({ onChunk: () => {}, onEnd: () => heard.push('end'), onError: ({ code }) => heard.push(code) });
    expect(heard).toEqual(['end']);

    const broken = fakeBody();
    const other = new Replay(broken, 100, createHeldBytes());
    const first = read(other);
    broken.push('a');
    const waiting = other.body();
    broken.fail(failure('client_gone', ''));
    expect([first.ending, other.isWhole, other.keptBytes]).toEqual([null, false, 0]);
    const endings: string[] = [];
    waiting.read({ onChunk: () => {}, onEnd: () => endings.push('end'), onError: ({ code }) => endings.push(code) });
    waiting.resume();
    expect(endings).toEqual(['client_gone']);
  });

  it('is kept once, by the outermost that needs it', () => {
    const source = fakeBody();
    const outer = replayOf(source, 100, createHeldBytes());
    expect(replayOf(outer.body(), 5, createHeldBytes())).toBe(outer);
    expect([outer.source === source, replayOf(source, 5, createHeldBytes()) === outer]).toEqual([true, false]);
  });
});
