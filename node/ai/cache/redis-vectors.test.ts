/** When Redis is asked, who waits for it, and how long; that it does what it is asked is test/conformance/vectors. */
import { describe, expect, it } from 'vitest';
import { fakeClock, fakeTimers } from '../../pipeline/testing/harness.js';
import { LinkError, type LinkProblem } from '../../redis/redis-link.js';
import { RedisVectors } from './redis-vectors.js';
import { packVector } from './vector-codec.js';
import { Vectors } from './vectors.js';

const limits = { entriesMax: 10, withinMs: 10, answerWithinMs: 100, tellWithinMs: 250 };
const EAST = Float32Array.of(1, 0);
const text = (value: string): Uint8Array => Buffer.from(value);

interface Asked {
  readonly name: string;
  readonly args: readonly unknown[];
  answer(said: unknown): void;
  fail(problem: LinkProblem): void;
}

/** A Redis by hand. */
function started() {
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const known = new Vectors();
  const asked: Asked[] = [];
  let onReady = (): void => {};
  const link = {
    ...{ isClosed: true, isDoubtful: false, state: 'closed' as const, close() {} },
    script: (name: string, _keys: readonly string[], args: readonly unknown[]) =>
      new Promise<unknown>((resolve, reject) => {
        asked.push({ name, args, answer: resolve, fail: (problem) => reject(new LinkError(problem)) });
      }),
  };
  const vectors = new RedisVectors({
    ...{ known, clock, timers },
    connect: (ready) => {
      onReady = ready;
      return link;
    },
  });
  const find = (scope = 's') => {
    const found: (readonly string[])[] = [];
    const look = vectors.look(scope, limits);
    return { found, look, compare: () => look.nearest(EAST, 0.9, (keys) => void found.push(keys)) };
  };
  const page = (readTo: string, hasMore: boolean, ...keys: readonly string[]): unknown[] => {
    const until = text('61000');
    return [1_000, text(readTo), hasMore ? 1 : 0, ...keys.flatMap((key) => [text(key), until, packVector(EAST)])];
  };
  return { clock, vectors, asked, link, find, page, ready: () => onReady() };
}

/** What was promised has come about. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

describe('vectors that nodes share', () => {
  it('are read while the vector of the question is made, page after page, and nobody waits where that is over', async () => {
    const { vectors, asked, find, page } = started();
    vectors.open(limits);
    const { found, compare } = find();
    expect(asked.map(({ name, args }) => [name, args])).toEqual([['read', ['s', '', 32]]]);
    asked[0]?.answer(page('1-0', true, 'a'));
    await settled();
    expect(asked[1]?.args).toEqual(['s', '1-0', 32]);
    asked[1]?.answer(page('2-0', false, 'b'));
    await settled();
    compare();
    expect(found).toEqual([['b', 'a']]);
    expect(vectors.counts()).toMatchObject({ taken: 2, refused: 0, looks: { current: 1, late: 0 } });
  });

  it('are waited for no longer than they may, and are read on for those who come later', async () => {
    const { clock, vectors, asked, find, page } = started();
    vectors.open(limits);
    const first = find();
    clock.advance(5);
    first.compare();
    clock.advance(9);
    expect(first.found).toEqual([]);
    clock.advance(1);
    expect(first.found).toEqual([[]]);
    asked[0]?.answer(page('1-0', false, 'a'));
    await settled();
    expect(first.found).toEqual([[]]);
    const second = find();
    asked[1]?.answer(page('1-0', false));
    await settled();
    second.compare();
    expect(second.found).toEqual([['a']]);
    expect(vectors.counts().looks).toMatchObject({ current: 1, late: 1 });
  });

  it('are compared as soon as they are read, and not at all by one that is given up', async () => {
    const { clock, vectors, asked, find, page } = started();
    vectors.open(limits);
    const [stays, leaves] = [find(), find('t')];
    stays.compare();
    leaves.compare();
    leaves.look.giveUp();
    for (const one of asked) one.answer(page('1-0', false, 'a'));
    await settled();
    clock.advance(50);
    expect([stays.found, leaves.found]).toEqual([[['a']], []]);
  });

  it('are read once for all who ask, and once more for those who came while Redis was answering', async () => {
    const { vectors, asked, find, page } = started();
    vectors.open(limits);
    const all = [find(), find(), find()];
    for (const one of all) one.compare();
    expect(asked).toHaveLength(1);
    asked[0]?.answer(page('1-0', false, 'a'));
    await settled();
    expect(all.map(({ found }) => found)).toEqual([[['a']], [], []]);
    expect(asked).toHaveLength(2);
    asked[1]?.answer(page('2-0', false, 'b'));
    await settled();
    expect(all.map(({ found }) => found)).toEqual([[['a']], [['b', 'a']], [['b', 'a']]]);
  });

  it('that this node has made are known at once, and told behind that', async () => {
    const { vectors, asked, find } = started();
    vectors.open(limits);
    vectors.add('s', { key: 'mine', vector: EAST }, 60_000, limits);
    const { found, compare } = find();
    const told = asked.find(({ name }) => name === 'add');
    expect(told?.args.slice(0, 5)).toEqual(['s', 'mine', packVector(EAST), 60_000, 10]);
    told?.answer(0);
    asked.find(({ name }) => name === 'read')?.fail('late');
    await settled();
    compare();
    expect(found).toEqual([['mine']]);
    expect(vectors.counts()).toMatchObject({ tells: { told: 1 }, looks: { late: 1 } });
  });

  it('are not waited for where Redis is away, nor where its latest answer was late, but then it is asked', async () => {
    const { vectors, asked, link, find, page } = started();
    const early = find();
    early.compare();
    vectors.open(limits);
    link.isClosed = false;
    const away = find();
    away.compare();
    link.isClosed = true;
    link.isDoubtful = true;
    const doubtful = find();
    doubtful.compare();
    expect([early.found, away.found, doubtful.found]).toEqual([[[]], [[]], [[]]]);
    expect(asked).toHaveLength(1);
    asked[0]?.answer(page('1-0', false, 'a'));
    await settled();
    expect(vectors.counts()).toMatchObject({ taken: 1, looks: { away: 2, late: 1, current: 0 } });
  });

  it.each(['nonsense', [1, 2], null])('are what was known before, where Redis answers with %j', async (said) => {
    const { vectors, asked, find } = started();
    vectors.open(limits);
    const { found, compare } = find();
    compare();
    asked[0]?.answer(said);
    await settled();
    expect(found).toEqual([[]]);
    expect(vectors.counts().looks.unusable).toBe(1);
  });

  it('are read from the beginning on a new connection, for what is there may be another memory', async () => {
    const { vectors, asked, find, page, ready } = started();
    vectors.open(limits);
    find();
    asked[0]?.answer(page('9-0', false, 'a'));
    await settled();
    ready();
    find();
    expect(asked[1]?.args).toEqual(['s', '', 32]);
  });

  it('are read of so many scopes at once, and no more vectors are under way than may be', async () => {
    const { vectors, asked, find } = started();
    vectors.open(limits);
    for (let i = 0; i < 70; i += 1) find(`s${i}`).compare();
    for (let i = 0; i < 300; i += 1) vectors.add('s', { key: `k${i}`, vector: EAST }, 60_000, limits);
    await settled();
    expect(asked.filter(({ name }) => name === 'read')).toHaveLength(64);
    expect(asked.filter(({ name }) => name === 'add')).toHaveLength(256);
    expect(vectors.counts()).toMatchObject({ looks: { busy: 6 }, tells: { busy: 44 } });
  });

  it.each(['late', 'away', 'busy', 'full'] as const)('that could not be told are counted: %s', async (problem) => {
    const { vectors, asked } = started();
    vectors.open(limits);
    vectors.add('s', { key: 'k', vector: EAST }, 60_000, limits);
    asked[0]?.fail(problem);
    await settled();
    expect(vectors.counts().tells).toMatchObject({ [problem]: 1, told: 0 });
  });
});
