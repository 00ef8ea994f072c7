/** What every shared log must do, wherever it is kept. The ends that a world opens share one log; each test has a log of its own. */
import { entryBytesMax, type LogRecord, readBytesMax, type SharedLog } from '@weir/proto/bus/shared-log.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/stage.js';

/** How many entries the logs of this suite keep. */
export const KEPT = 40;

export interface LogWorld {
  /** Another end of the same log, that has been heard to work. */
  open(): Promise<SharedLog>;
  close(): Promise<void>;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const shown = (records: readonly LogRecord[] | null): string[] =>
  (records ?? []).map(({ number, writer, bytes }) => `${number} ${writer} ${textOf(bytes)}`);

/** Everything that is told to it, as soon as it is certain that it is told. */
export function ear(log: SharedLog): string[] {
  const heard: string[] = [];
  log.follow((record) => heard.push(...shown([record])));
  return heard;
}

export async function appended(log: SharedLog, ...texts: readonly string[]): Promise<number[]> {
  const numbers: number[] = [];
  for (const text of texts) {
    const done = await log.append('order', bytesOf(text));
    if (!done.ok) throw new Error(`${text}: ${done.why} ${done.detail}`);
    numbers.push(done.number);
  }
  return numbers;
}

export function logSuite(name: string, makeWorld: () => Promise<LogWorld>): void {
  describe(`the shared log ${name}`, () => {
    let world: LogWorld;
    let one: SharedLog;
    let other: SharedLog;
    beforeEach(async () => {
      world = await makeWorld();
      [one, other] = [await world.open(), await world.open()];
    });
    afterEach(() => world.close());

    it('is empty in the beginning', async () => {
      expect(await one.bounds()).toMatchObject({ first: 1, last: 0 });
      expect(await other.read(1, 10)).toEqual([]);
    });

    it('numbers what is appended by anyone, and gives it back to all, every byte of it', async () => {
      expect(await appended(one, 'a', 'b')).toEqual([1, 2]);
      const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => (index * 31) % 256);
      expect(await other.append('member', bytes)).toEqual({ ok: true, number: 3 });
      expect(await one.bounds()).toMatchObject({ first: 1, last: 3 });
      for (const end of [one, other]) {
        const records = await end.read(1, 10);
        expect(shown(records?.slice(0, 2) ?? null)).toEqual(['1 order a', '2 order b']);
        const { mark, ...third } = records?.[2] ?? {};
        expect(third).toEqual({ number: 3, writer: 'member', bytes });
        expect(['undefined', 'string']).toContain(typeof mark);
      }
    });

    it('reads from a number on, no more than is asked for, and nothing behind the end', async () => {
      await appended(one, 'a', 'b', 'c', 'd');
      expect(shown(await other.read(2, 2))).toEqual(['2 order b', '3 order c']);
      expect(shown(await other.read(4, 9))).toEqual(['4 order d']);
      expect(await other.read(5, 9)).toEqual([]);
      expect(await other.read(1, 0)).toEqual([]);
    });

    it('appends only behind the entry that is expected', async () => {
      expect(await one.append('order', bytesOf('a'), 0)).toEqual({ ok: true, number: 1 });
      expect(await other.append('order', bytesOf('b'), 0)).toMatchObject({ ok: false, why: 'conflict' });
      expect(await other.append('order', bytesOf('b'), 2)).toMatchObject({ ok: false, why: 'conflict' });
      expect(await other.append('order', bytesOf('b'), 1)).toEqual({ ok: true, number: 2 });
      expect(shown(await one.read(1, 9))).toEqual(['1 order a', '2 order b']);
    });

    it('appends nothing behind a mark that the last entry has not', async () => {
      await appended(one, 'a', 'b');
      const [first] = (await one.read(1, 1)) ?? [];
      for (const mark of [first?.mark ?? 'none', '1', '2'])
        expect(await other.append('order', bytesOf('c'), mark)).toMatchObject({ ok: false, why: 'conflict' });
      expect(await one.bounds()).toMatchObject({ last: 2 });
    });

    it('lets one of many win who expect the same, each time', async () => {
      const ends = [one, other, await world.open()];
      for (let after = 0; after < 10; after += 1) {
        const all = await Promise.all(ends.map((end, index) => end.append('order', bytesOf(String(index)), after)));
        expect(all.filter(({ ok }) => ok)).toHaveLength(1);
        expect(all.flatMap((each) => (each.ok ? [] : [each.why]))).toEqual(['conflict', 'conflict']);
      }
      expect(await one.bounds()).toMatchObject({ last: 10 });
    });

    it('numbers without gaps what many append at once', async () => {
      const all = await Promise.all(
        Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? one : other).append('order', bytesOf(`${index}`))),
      );
      const numbers = all.map((each) => (each.ok ? each.number : 0)).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    });

    it('tells followers of each entry with its number, their own as well', async () => {
      const heard = [ear(one), ear(other)];
      await appended(one, 'warm');
      await until(
        async () => {
          if (heard.every((each) => each.length > 0)) return true;
          await appended(one, 'warm');
          return false;
        },
        () => 'followers hear nothing',
      );
      const [from = 0] = await appended(one, 'x');
      await appended(other, 'y');
      const wanted = [`${from} order x`, `${from + 1} order y`];
      await until(
        () => heard.every((each) => wanted.every((line) => each.includes(line))),
        () => heard.map((each) => each.join(', ')).join(' | '),
      );
    });

    it('tells nobody any more who has ended it', async () => {
      const stays = ear(other);
      const ended: LogRecord[] = [];
      const end = other.follow((record) => ended.push(record));
      end();
      end();
      await until(
        async () => {
          await appended(one, 'x');
          return stays.length > 0;
        },
        () => 'nothing is heard',
      );
      expect(ended).toEqual([]);
    });

    it('gives up the oldest beyond its bound, says so, and reads from what it has', async () => {
      await appended(one, ...Array.from({ length: KEPT + 5 }, (_, index) => String(index + 1)));
      expect(await other.bounds()).toMatchObject({ first: 6, last: KEPT + 5 });
      expect(shown(await other.read(1, 2))).toEqual(['6 order 6', '7 order 7']);
      expect(shown(await other.read(KEPT + 5, 2))).toEqual([`${KEPT + 5} order ${KEPT + 5}`]);
    });

    it('refuses what is too large, and a writer that is none', async () => {
      expect(await one.append('order', new Uint8Array(entryBytesMax + 1))).toMatchObject({ ok: false, why: 'refused' });
      for (const writer of ['', 'a.b', '*', 'a b'])
        expect(await one.append(writer, bytesOf(''))).toMatchObject({ ok: false, why: 'refused' });
      expect(await other.bounds()).toMatchObject({ last: 0 });
    });

    it('takes the largest entries, and reads no more of them at once than an answer holds', async () => {
      const large = (at: number): Uint8Array => new Uint8Array(entryBytesMax).fill(at);
      for (let at = 1; at <= 6; at += 1) expect(await one.append('order', large(at))).toEqual({ ok: true, number: at });
      const read: LogRecord[] = [];
      while (read.length < 6) {
        const more = await other.read(read.length + 1, 10);
        if (more === null) throw new Error('it is there');
        expect(more.length).toBeGreaterThan(0);
        const bytes = more.reduce((sum, each) => sum + each.bytes.length, 0);
        expect(bytes).toBeLessThanOrEqual(Math.max(readBytesMax, entryBytesMax));
        read.push(...more);
      }
      read.forEach(({ number, bytes }, index) => {
        expect([number, bytes.length, bytes[7]]).toEqual([index + 1, entryBytesMax, index + 1]);
      });
    });

    it('takes a copy of what is appended', async () => {
      const buffer = Buffer.from('abc');
      const done = one.append('order', buffer.subarray(1, 2));
      buffer.fill('x');
      expect(await done).toMatchObject({ ok: true });
      expect(shown(await other.read(1, 1))).toEqual(['1 order b']);
    });

    it('is away after its close, for this end alone', async () => {
      await appended(one, 'a');
      await other.close();
      await other.close();
      expect(await other.append('order', bytesOf('b'))).toMatchObject({ ok: false, why: 'away' });
      expect(await other.bounds()).toBeNull();
      expect(await other.read(1, 1)).toBeNull();
      expect(await appended(one, 'c')).toEqual([2]);
    });

    it('is the same log for all its ends', async () => {
      const [first, second] = [await one.bounds(), await other.bounds()];
      expect(first?.identity).toBe(second?.identity);
    });
  });
}
