import { askedLog, serveLog } from '@weir/proto/bus/asked-log.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { memoryLog } from '@weir/proto/bus/memory-log.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import { Subjects } from '@weir/proto/cluster/subjects.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { realClock } from '../bus/bus-suite.js';
import { appended, bytesOf, KEPT, logSuite, shown } from './log-suite.js';

const BYTES_MAX = 64 * 1024 * 1024;
const place = new Subjects('test').place('purges');

/** All in one process share it by itself: each end can be closed alone. */
function endOf(log: SharedLog): SharedLog {
  let isClosed = false;
  return {
    append: (...all) => (isClosed ? Promise.resolve(closed) : log.append(...all)),
    bounds: () => (isClosed ? Promise.resolve(null) : log.bounds()),
    read: (...all) => (isClosed ? Promise.resolve(null) : log.read(...all)),
    follow: (onRecord) => log.follow(onRecord),
    async close() {
      isClosed = true;
    },
  };
}
const closed = { ok: false, why: 'away', detail: 'closed' } as const;

logSuite('in memory', async () => {
  const log = memoryLog({ identity: 'm', messagesMax: KEPT, bytesMax: BYTES_MAX });
  return { open: async () => endOf(log), close: () => log.close() };
});

logSuite('that is asked for over a bus', async () => {
  const broker = new Broker();
  const log = memoryLog({ identity: 'm', messagesMax: KEPT, bytesMax: BYTES_MAX });
  const buses = [memoryBus(broker, { clock: realClock, inbox: 'reply.holder' })];
  const [holder] = buses;
  if (holder === undefined) throw new Error('it was made just now');
  await Promise.resolve();
  serveLog(holder, place, log);
  return {
    async open() {
      const bus = memoryBus(broker, { clock: realClock, inbox: `reply.a${buses.length}` });
      buses.push(bus);
      await Promise.resolve();
      return askedLog(bus, place);
    },
    async close() {
      for (const bus of buses) await bus.close();
    },
  };
});

describe('a log in memory', () => {
  it('is a list of which the oldest are given up, by number and by bytes', async () => {
    const order = fc.record({
      bytes: fc.nat(30),
      after: fc.option(fc.nat(12), { nil: undefined }),
      from: fc.nat(15),
      max: fc.nat(6),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(order, { size: 'max', maxLength: 60 }), async (orders) => {
        const log = memoryLog({ messagesMax: 5, bytesMax: 60 });
        const all: number[] = [];
        for (const { bytes, after, from, max } of orders) {
          const done = await log.append('w', new Uint8Array(bytes), after);
          const isExpected = after === undefined || after === all.length;
          expect(done.ok).toBe(isExpected);
          if (isExpected) all.push(bytes);
          let first = all.length + 1;
          for (let sum = 0; first > 1 && all.length - first + 1 < 5; first -= 1) {
            sum += all[first - 2] ?? 0;
            if (sum > 60) break;
          }
          expect(await log.bounds()).toEqual({ first, last: all.length });
          const begin = Math.max(from, first);
          const wanted = all.slice(begin - 1, begin - 1 + max).map((length, index) => [begin + index, length]);
          expect((await log.read(from, max))?.map(({ number, bytes: got }) => [number, got.length])).toEqual(wanted);
        }
      }),
    );
  });
});

describe('a log that is asked for', () => {
  it('is uncertain when the process that has it does not answer, and away without a bus', async () => {
    const broker = new Broker();
    const timers: (() => void)[] = [];
    const clock = {
      nowMs: () => 0,
      after(_: number, run: () => void) {
        timers.push(run);
        return () => {};
      },
    };
    const bus = memoryBus(broker, { clock, inbox: 'reply.a' });
    const log = askedLog(bus, place);
    await Promise.resolve();
    const asked = [log.append('order', bytesOf('a')), log.bounds(), log.read(1, 1)] as const;
    for (const run of timers.splice(0)) run();
    expect(await Promise.all(asked)).toEqual([expect.objectContaining({ ok: false, why: 'uncertain' }), null, null]);
    await bus.close();
    expect(await log.append('order', bytesOf('a'))).toMatchObject({ ok: false, why: 'away' });
  });

  it('survives garbage on its subjects, in questions, answers and what is told', async () => {
    const broker = new Broker();
    const [holder, bus, bad] = ['h', 'a', 'b'].map((name) =>
      memoryBus(broker, { clock: realClock, inbox: `reply.${name}` }),
    );
    if (holder === undefined || bus === undefined || bad === undefined) throw new Error('three were made');
    await Promise.resolve();
    const log = memoryLog();
    serveLog(holder, place, log);
    const asked = askedLog(bus, place);
    const heard: string[] = [];
    asked.follow((record) => heard.push(...shown([record])));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        for (const head of [[], [1]]) {
          bad.publish(place.asked, Uint8Array.from([...head, ...bytes]));
          bad.publish(`${place.told}.order`, Uint8Array.from([...head, ...bytes]));
        }
      }),
    );
    expect(await appended(asked, 'a')).toEqual([1]);
    expect(heard).toEqual(['1 order a']);
    expect([holder.counts.bugs, bus.counts.bugs]).toEqual([0, 0]);
  });
});
