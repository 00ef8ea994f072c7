/** What every bus must do, whatever carries it. The ends that a world opens share one bus; each test has a bus of its own. */
import type { Bus, BusClock, BusMessage } from '@weir/proto/bus/bus.js';
import { messageBytesMax, subscriptionsMax } from '@weir/proto/bus/bus.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../support/stage.js';

export interface BusWorld {
  /** An end that is connected, with a bound of its own where the test needs one. */
  open(pendingBytesMax?: number): Promise<Bus>;
  close(): Promise<void>;
}

export const realClock: BusClock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** All that an end hears, once it is certain that it does: another end's word to it has arrived. */
async function ears(bus: Bus, from: Bus, pattern: string): Promise<string[]> {
  const heard: string[] = [];
  bus.subscribe(pattern, ({ subject, bytes }) => heard.push(`${subject} ${textOf(bytes)}`));
  await settled(from, bus);
  return heard;
}

/** Everything that `from` has sent so far, `to` has heard; messages of one sender keep their order. */
let marks = 0;
async function settled(from: Bus, to: Bus): Promise<void> {
  marks += 1;
  const subject = `mark.m${marks}`;
  let isHeard = false;
  const end = to.subscribe(subject, () => {
    isHeard = true;
  });
  await until(
    () => {
      if (!isHeard) from.publish(subject, bytesOf(''));
      return isHeard;
    },
    () => 'a mark is not heard',
    10_000,
  );
  end();
}

export function busSuite(name: string, makeWorld: () => Promise<BusWorld>): void {
  describe(`the bus ${name}`, () => {
    let world: BusWorld;
    let one: Bus;
    let other: Bus;
    beforeEach(async () => {
      world = await makeWorld();
      [one, other] = [await world.open(), await world.open()];
    });
    afterEach(() => world.close());

    it('carries bytes from one end to all others that want them, and to nobody else', async () => {
      const third = await world.open();
      const heard = await Promise.all([
        ears(other, one, 'weir.a.*'),
        ears(third, one, 'weir.>'),
        ears(third, one, 'weir.b.c'),
      ]);
      expect(one.publish('weir.a.b', bytesOf('x'))).toBe('sent');
      one.publish('weir.b.d', bytesOf('y'));
      await settled(one, other);
      await settled(one, third);
      expect(heard).toEqual([['weir.a.b x'], ['weir.a.b x', 'weir.b.d y'], []]);
    });

    it('keeps the order of one sender, and every byte', async () => {
      const seen: Uint8Array[] = [];
      other.subscribe('order', ({ bytes }) => seen.push(bytes));
      await settled(one, other);
      const sent = Array.from({ length: 500 }, (_, i) =>
        Uint8Array.from({ length: i }, (_, at) => (at * 31 + i) % 256),
      );
      for (const bytes of sent) one.publish('order', bytes);
      await settled(one, other);
      expect(seen.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
        sent.map((bytes) => Buffer.from(bytes).toString('hex')),
      );
    });

    it('has no echo, and calls nobody within publish', async () => {
      const own = await ears(one, other, 'self');
      const others = await ears(other, one, 'self');
      one.publish('self', bytesOf('x'));
      expect(others).toEqual([]);
      await settled(one, other);
      await settled(other, one);
      expect(own).toEqual([]);
      expect(others).toEqual(['self x']);
    });

    it('takes a copy of what is published, and gives each subscriber what it may keep', async () => {
      const seen: Uint8Array[] = [];
      other.subscribe('copy', ({ bytes }) => seen.push(bytes));
      await settled(one, other);
      const buffer = Buffer.from([0, 1, 2, 3, 4]);
      for (let i = 0; i < 50; i += 1) {
        buffer[1] = i;
        one.publish('copy', buffer.subarray(1, 3));
        // A carrier may hand it over later than this: only then the sender writes over it.
        await Promise.resolve();
      }
      await settled(one, other);
      expect(seen.map((bytes) => [...bytes])).toEqual(Array.from({ length: 50 }, (_, i) => [i, 2]));
    });

    it('tells each of the subscribers of one end, also of overlapping patterns, once', async () => {
      const heard: string[] = [];
      for (const pattern of ['dup.x', 'dup.x', 'dup.*', 'dup.>', '*.x'])
        other.subscribe(pattern, () => heard.push(pattern));
      await settled(one, other);
      one.publish('dup.x', bytesOf(''));
      await settled(one, other);
      expect(heard.sort()).toEqual(['*.x', 'dup.*', 'dup.>', 'dup.x', 'dup.x']);
    });

    it('stops telling when a subscription is ended, and goes on with the rest', async () => {
      const heard: string[] = [];
      const end = other.subscribe('stop', () => heard.push('first'));
      other.subscribe('stop', () => heard.push('second'));
      await settled(one, other);
      end();
      end();
      one.publish('stop', bytesOf(''));
      await settled(one, other);
      expect(heard).toEqual(['second']);
    });

    it('survives a subscriber that throws, counts it, and tells the others', async () => {
      other.subscribe('bug', () => {
        throw new Error('a bug');
      });
      const heard = await ears(other, one, 'bug');
      one.publish('bug', bytesOf('x'));
      await settled(one, other);
      expect(heard).toEqual(['bug x']);
      expect(other.counts.bugs).toBe(1);
    });

    it('gathers replies of all who answer until it has what is asked for', async () => {
      const third = await world.open();
      const answer = (text: string) => (message: BusMessage) =>
        void message.reply(bytesOf(`${text} ${textOf(message.bytes)}`));
      other.subscribe('ask', answer('other'));
      third.subscribe('ask', answer('third'));
      await settled(one, other);
      await settled(one, third);
      const all = await one.gather('ask', bytesOf('?'), { withinMs: 5_000, repliesMax: 2 });
      expect(all.end).toBe('complete');
      expect(all.replies.map(({ bytes }) => textOf(bytes)).sort()).toEqual(['other ?', 'third ?']);
      expect(all.replies.every(({ tookMs }) => tookMs >= 0)).toBe(true);
      const first = await one.gather('ask', bytesOf('!'), { withinMs: 5_000, repliesMax: 9, isComplete: () => true });
      expect(first).toMatchObject({ end: 'complete', replies: [{}] });
    });

    it('ends a gathering by time with what it has, and drops what comes later', async () => {
      const late: BusMessage[] = [];
      other.subscribe('slow', (message) => {
        message.reply(bytesOf('at once'));
        late.push(message);
      });
      await settled(one, other);
      const gathered = await one.gather('slow', bytesOf(''), { withinMs: 150, repliesMax: 5 });
      expect(gathered.end).toBe('late');
      expect(gathered.replies.map(({ bytes }) => textOf(bytes))).toEqual(['at once']);
      const before = one.counts.received;
      late[0]?.reply(bytesOf('too late'));
      await settled(other, one);
      expect(one.counts.received).toBe(before + 1); // The mark alone.
    });

    it('keeps gatherings apart', async () => {
      other.subscribe('echo', (message) => void message.reply(message.bytes));
      await settled(one, other);
      const texts = Array.from({ length: 100 }, (_, i) => `question ${i}`);
      const all = await Promise.all(
        texts.map((text) => one.gather('echo', bytesOf(text), { withinMs: 5_000, repliesMax: 1 })),
      );
      expect(all.map(({ replies }) => replies.map(({ bytes }) => textOf(bytes)).join())).toEqual(texts);
    });

    it('refuses a message that is too large, and a subject that is none, and counts them', () => {
      expect(one.publish('big', new Uint8Array(messageBytesMax + 1))).toBe('refused');
      for (const subject of ['', 'a..b', 'a.*', 'a.>', 'a b', 'ä', '.a', 'x'.repeat(65)]) {
        expect(one.publish(subject, bytesOf(''))).toBe('refused');
      }
      expect(one.counts.refused).toBe(9);
      expect(one.counts.published).toBe(0);
    });

    it('throws for what is no pattern, and at the bound of subscriptions', () => {
      for (const pattern of ['', 'a..b', '>.a', 'a.>.b', 'a b'])
        expect(() => one.subscribe(pattern, () => {})).toThrow();
      for (let i = 0; i < subscriptionsMax; i += 1) one.subscribe('many', () => {});
      expect(() => one.subscribe('many', () => {})).toThrow();
    });

    it('takes no more than its bound while nothing is taken from it, and then goes on', async () => {
      const narrow = await world.open(10_000);
      const heard = await ears(other, narrow, 'flood');
      const fates = Array.from({ length: 30 }, () => narrow.publish('flood', new Uint8Array(1_000)));
      expect(fates.filter((fate) => fate === 'sent')).toHaveLength(10);
      expect(fates.slice(10).every((fate) => fate === 'full')).toBe(true);
      expect(narrow.counts.droppedFull).toBe(20);
      expect(narrow.pendingBytes()).toBe(10_000);
      await until(
        () => narrow.pendingBytes() === 0,
        () => 'nothing is taken',
        10_000,
      );
      await settled(narrow, other);
      expect(heard).toHaveLength(10);
      expect(narrow.publish('flood', bytesOf('again'))).toBe('sent');
    });

    it('hears nothing after its close, which ends gatherings, and publishes nothing', async () => {
      const heard = await ears(one, other, 'last');
      const pending = one.gather('nobody', bytesOf(''), { withinMs: 60_000, repliesMax: 1 });
      await one.close();
      await one.close();
      expect((await pending).end).toBe('closed');
      expect(one.publish('last', bytesOf(''))).toBe('closed');
      other.publish('last', bytesOf('x'));
      const third = await world.open();
      await settled(other, third);
      expect(heard).toEqual([]);
      expect(one.state()).toMatchObject({ isConnected: false });
    });

    it('sends out what was published before a close', async () => {
      const heard = await ears(other, one, 'bye');
      for (let i = 0; i < 100; i += 1) one.publish('bye', bytesOf(String(i)));
      await one.close();
      await until(
        () => heard.length === 100,
        () => `${heard.length} of 100 arrived`,
        10_000,
      );
    });
  });
}
