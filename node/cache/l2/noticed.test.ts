import { describe, expect, it } from 'vitest';
import { markedUrl, type PurgeTarget } from '../purge/marks.js';
import { placeOf } from './generations.js';
import { Noticed } from './noticed.js';

const subject = { authority: 'a.example', path: '/x/1', url: markedUrl('a.example', '/x/1', ''), tags: ['t'] };

function setUp(max = 4) {
  const noticed = new Noticed(max);
  let hashed = 0;
  const digest = (text: string): string => {
    hashed += 1;
    return text.padEnd(22, '.');
  };
  const add = (target: PurgeTarget): void => noticed.add({ kind: 'mark', place: placeOf(target, digest) });
  return { noticed, add, digest, hashed: () => hashed };
}

describe('purges that came while Redis was asked', () => {
  it.each<[PurgeTarget, boolean]>([
    [{ kind: 'all' }, true],
    [{ kind: 'tag', tag: 't' }, true],
    [{ kind: 'tag', tag: 'u' }, false],
    [{ kind: 'prefix', authority: 'a.example', prefix: '/x/' }, true],
    [{ kind: 'prefix', authority: 'a.example', prefix: '/x/1/' }, false],
    [{ kind: 'prefix', authority: 'a.example', prefix: '/y/1' }, false],
    [{ kind: 'prefix', authority: 'b.example', prefix: '/x/' }, false],
    [{ kind: 'url', authority: 'a.example', path: '/x/1', query: '' }, true],
  ])('%j means it: %s', (target, isMeant) => {
    const { noticed, add, digest } = setUp();
    add(target);
    expect([noticed.hasMeant(subject, 'k', 0, digest), noticed.hasMeant(subject, 'k', 1, digest)]).toEqual([
      isMeant,
      false,
    ]);
  });

  it('count since the look-up began alone, and may all mean it when they are too many', () => {
    const { noticed, add, digest } = setUp();
    for (let i = 0; i < 5; i += 1) add({ kind: 'tag', tag: 'u' });
    expect([0, 1, 5].map((since) => noticed.hasMeant(subject, 'k', since, digest))).toEqual([true, false, false]);
  });

  it('may also be that its key was forgotten', () => {
    const { noticed, digest } = setUp();
    noticed.add({ kind: 'forget', key: 'k' });
    expect(['k', 'l'].map((key) => noticed.hasMeant(subject, key, 0, digest))).toEqual([true, false]);
  });

  it('cost no hash each', () => {
    const { noticed, add, digest, hashed } = setUp(1_000);
    for (let i = 0; i < 500; i += 1) add({ kind: 'prefix', authority: 'a.example', prefix: `/y/${i % 10}` });
    const before = hashed();
    expect(noticed.hasMeant(subject, 'k', 0, digest)).toBe(false);
    expect(hashed() - before).toBeLessThan(10);
  });
});
