import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock, fakeTimers } from '../../pipeline/testing/harness.js';
import { createMemoryStreams } from './memory-streams.js';
import { StoreWriter } from './store-writer.js';
import { type StreamStore, StreamsAway } from './stream-store.js';

const about = { routeId: 'r', owner: null, path: '/', headers: [], keepMs: 60_000, streamsMax: 10 };

/** A store that has no answer when it is told so, before or after it has done what it was asked for. */
function unreliable(
  store: StreamStore,
  failing: () => 'no' | 'before' | 'after',
  forgotten: (id: string) => void,
): StreamStore {
  const through = async <T>(ask: () => Promise<T>): Promise<T> => {
    const how = failing();
    if (how === 'before') throw new StreamsAway();
    const said = await ask();
    if (how === 'after') throw new StreamsAway();
    return said;
  };
  return {
    ...{ kind: 'memory', open: () => store.open(), begin: (one) => store.begin(one), counts: () => store.counts() },
    append: (...given) => through(() => store.append(...given)),
    end: (...given) => through(() => store.end(...given)),
    read: (...given) => store.read(...given),
    forget: (id) => forgotten(id),
    close: () => store.close(),
  };
}

async function setUp(failures: readonly ('no' | 'before' | 'after')[] = [], sizeMax = 1e6) {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const kept = createMemoryStreams(clock, sizeMax);
  await kept.begin({ ...about, id: 's' });
  const left = [...failures];
  const lost: string[] = [];
  const forgotten: string[] = [];
  let told = 0;
  const writer = new StoreWriter({
    ...{
      id: 's',
      store: unreliable(
        kept,
        () => left.shift() ?? 'no',
        (id) => forgotten.push(id),
      ),
      timers,
      onBug: () => {},
    },
    nowMs: () => clock.nowMs(),
    wasRead: () => {},
    lost: (why) => lost.push(why),
    told: () => {
      told += 1;
    },
  });
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 10) {
      clock.advance(10);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  };
  return { writer, kept, pass, lost, forgotten, told: () => told };
}

describe('a stream on its way into the store', () => {
  it('is there in order, every event once, whatever of it has no answer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.constantFrom('no' as const, 'before' as const, 'after' as const), { maxLength: 8 }),
        async (counts, failures) => {
          const { writer, kept, pass, lost, told } = await setUp(failures);
          let came = 0;
          for (const count of counts) {
            writer.add(Array.from({ length: count }, (_, i) => `e${came + i}`));
            came += count;
            await pass(30);
          }
          writer.end('done', null);
          await pass(6_000);
          const reading = await kept.read('s', 0, 1e6, true);
          expect(reading?.events).toEqual(Array.from({ length: came }, (_, i) => `e${i}`));
          expect(reading?.state).toBe('done');
          expect([lost, told()]).toEqual([[], 1]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is told as lost where there is no room, and is not kept by halves', async () => {
    const { writer, kept, pass, lost, told } = await setUp([], 10);
    writer.add(['12345']);
    await pass(50);
    writer.add(['1234567890']);
    await pass(50);
    expect([lost, told()]).toEqual([['full'], 1]);
    expect(await kept.read('s', 0, 10, true)).toMatchObject({ state: 'tooLong', events: [] });
    writer.end('done', null);
    await pass(50);
    expect(told()).toBe(1);
  });

  it('gives up, in the end, on a store that does not come back', async () => {
    const { writer, pass, told, forgotten } = await setUp(Array.from({ length: 1_000 }, () => 'before' as const));
    writer.add(['a']);
    writer.end('done', null);
    await pass(9_000);
    expect([told(), forgotten]).toEqual([0, []]);
    await pass(2_000);
    expect([told(), forgotten]).toEqual([1, ['s']]);
  });

  it('is read by somebody when its owner is seen to read it, and by no one else who asks', async () => {
    const { kept } = await setUp();
    await kept.read('s', 0, 10, false);
    expect(await kept.append('s', 0, [])).toBe(Number.POSITIVE_INFINITY);
    await kept.read('s', 0, 10, true);
    expect(await kept.append('s', 0, [])).toBe(0);
  });
});
