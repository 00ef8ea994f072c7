import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordingHandler } from '../pipeline/testing/harness.js';
import { PIECE_BYTES, Spool, type SpoolKeeper } from './spool.js';

type Outcome = 'written' | 'full' | 'over';

/** A store that takes each piece when it is told to. */
function slowKeeper() {
  const pieces: Uint8Array[] = [];
  const told: string[] = [];
  let settle: ((outcome: Outcome) => void) | null = null;
  const keeper: SpoolKeeper = {
    write(index, piece) {
      if (settle !== null) throw new Error('two pieces are written at once');
      expect(index).toBe(pieces.length);
      pieces.push(piece);
      return new Promise((resolve) => {
        settle = resolve;
      });
    },
    done: (head, bytes, count) => void told.push(`done ${head.status} ${bytes} ${count}`),
    failed: ({ code }) => void told.push(`failed ${code}`),
  };
  return {
    keeper,
    pieces,
    told,
    isWriting: () => settle !== null,
    async settle(outcome: Outcome = 'written') {
      const now = settle;
      settle = null;
      now?.(outcome);
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

function setUp(bytesMax = 10_000_000) {
  let cancels = 0;
  let resumes = 0;
  const spool = new Spool(bytesMax, () => {
    cancels += 1;
  });
  const head = (lengthBytes: number | null = null) => ({
    status: 200,
    headers: [],
    lengthBytes,
    resume: () => {
      resumes += 1;
    },
  });
  return { spool, head, cancels: () => cancels, resumes: () => resumes, store: slowKeeper() };
}

const endless = Uint8Array.from({ length: 40 * PIECE_BYTES }, (_, i) => i % 251);
const pattern = (bytes: number, from: number): Uint8Array => endless.slice(from, from + bytes);

describe('an answer on its way into the store', () => {
  it('is too large together with its fields', () => {
    const { spool, head, store, cancels } = setUp(100);
    spool.keepIn(store.keeper);
    spool.onHeaders({ ...head(40), headers: ['x', 'y'.repeat(60)] });
    expect([store.told, cancels()]).toEqual([['failed job_result_too_large'], 1]);
  });

  it('arrives as it was, in pieces of bounded size, with a bounded part of it in memory', async () => {
    const sizes = fc.array(fc.oneof(fc.nat({ max: 2_000 }), fc.nat({ max: 3 * PIECE_BYTES })), {
      maxLength: 12,
      size: 'max',
    });
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (chunkSizes, comesEarly) => {
        const { spool, head, store, resumes } = setUp();
        if (!comesEarly) spool.keepIn(store.keeper);
        spool.onHeaders(head());
        let sent = 0;
        let isOpen = true;
        for (const size of chunkSizes) {
          // The source stops when it is told to, and goes on when it is told to.
          const before = resumes();
          for (let waits = 0; !isOpen && waits < 20; waits += 1) {
            if (comesEarly && waits === 0 && store.pieces.length === 0) spool.keepIn(store.keeper);
            await store.settle();
            isOpen = resumes() > before;
          }
          expect(isOpen).toBe(true);
          isOpen = spool.onData(pattern(size, sent));
          sent += size;
        }
        spool.onComplete();
        if (comesEarly) spool.keepIn(store.keeper);
        for (let waits = 0; store.isWriting() && waits < 100; waits += 1) await store.settle();
        expect(store.told).toEqual([`done 200 ${sent} ${store.pieces.length}`]);
        expect(Buffer.concat(store.pieces).equals(Buffer.from(pattern(sent, 0)))).toBe(true);
        for (const [index, piece] of store.pieces.entries()) {
          expect(piece.byteLength).toBeLessThanOrEqual(PIECE_BYTES);
          if (index < store.pieces.length - 1) expect(piece.byteLength).toBe(PIECE_BYTES);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('closes the valve while a piece waits, and before there is a job', async () => {
    const { spool, head, store, resumes } = setUp();
    spool.onHeaders(head());
    expect(spool.onData(pattern(10, 0))).toBe(false);
    spool.keepIn(store.keeper);
    expect(resumes()).toBe(1);
    expect(spool.onData(pattern(PIECE_BYTES, 0))).toBe(true);
    expect(store.pieces).toHaveLength(1);
    expect(spool.onData(pattern(PIECE_BYTES, 0))).toBe(false);
    await store.settle();
    expect([store.pieces.length, resumes()]).toEqual([2, 2]);
  });

  it('is told as done only when the store has all of it', async () => {
    const { spool, head, store } = setUp();
    spool.keepIn(store.keeper);
    spool.onHeaders(head());
    spool.onData(pattern(10, 0));
    spool.onComplete();
    expect([store.pieces.length, store.told]).toEqual([1, []]);
    await store.settle();
    expect(store.told).toEqual(['done 200 10 1']);
  });

  it('goes to the client after all when there is no job, from its beginning and once', () => {
    const { spool, head, resumes } = setUp(5);
    const handler = recordingHandler();
    spool.onHeaders(head(20));
    spool.onData(pattern(10, 0));
    spool.giveTo(handler);
    expect([handler.events, resumes()]).toEqual([['onHeaders', 'onData'], 1]);

    const whole = setUp();
    const taker = recordingHandler();
    whole.spool.onHeaders(whole.head());
    whole.spool.onData(pattern(3, 0));
    whole.spool.onComplete();
    whole.spool.giveTo(taker);
    expect(taker.events).toEqual(['onHeaders', 'onData', 'onComplete']);

    const failed = setUp();
    const hearer = recordingHandler();
    failed.spool.onError(failure('connection_refused', ''));
    failed.spool.giveTo(hearer);
    expect(hearer.failure?.code).toBe('connection_refused');
  });

  it.each([
    ['states more than may be', (world: ReturnType<typeof setUp>) => world.spool.onHeaders(world.head(101))],
    [
      'brings more than may be',
      (world: ReturnType<typeof setUp>) => {
        world.spool.onHeaders(world.head());
        world.spool.onData(pattern(101, 0));
      },
    ],
  ])('that %s ends what is below, and the job with it', (_what, act) => {
    const world = setUp(100);
    world.spool.keepIn(world.store.keeper);
    act(world);
    expect([world.cancels(), world.store.told]).toEqual([1, ['failed job_result_too_large']]);
    const atBound = setUp(100);
    atBound.spool.keepIn(atBound.store.keeper);
    atBound.spool.onHeaders(atBound.head(100));
    atBound.spool.onData(pattern(100, 0));
    expect(atBound.cancels()).toBe(0);
  });

  it('that breaks off fails as it broke; one that finds no room says so; one whose job is over is dropped', async () => {
    const broken = setUp();
    broken.spool.keepIn(broken.store.keeper);
    broken.spool.onHeaders(broken.head());
    broken.spool.onError(failure('response_incomplete', ''));
    expect([broken.store.told, broken.cancels()]).toEqual([['failed response_incomplete'], 0]);

    const outcomes: [Outcome, string[], number][] = [
      ['full', ['failed job_store_full'], 1],
      ['over', [], 0],
    ];
    for (const [outcome, told, cancels] of outcomes) {
      const world = setUp();
      world.spool.keepIn(world.store.keeper);
      world.spool.onHeaders(world.head());
      world.spool.onData(pattern(PIECE_BYTES, 0));
      await world.store.settle(outcome);
      expect([world.store.told, world.cancels()]).toEqual([told, cancels]);
    }
  });
});
