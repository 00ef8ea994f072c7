import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markedUrl } from '../purge/marks.js';
import { bodyOf } from '../store/body.js';
import { storedOf } from '../stored.js';
import { makeCacheSpec } from '../testing/specs.js';
import type { L2Offer, Lease } from './l2.js';
import { type Taken, WriteQueue } from './write-queue.js';

const moments = { askedAtMs: 0, receivedAtMs: 0, receivedWallMs: 0 };
const storedWith = (cacheControl: string, vary?: string) =>
  storedOf(
    200,
    ['cache-control', cacheControl, ...(vary === undefined ? [] : ['vary', vary])],
    moments,
    makeCacheSpec(),
  );

const lease: Lease = { token: 't', release: () => {}, stop: () => {} };

function offerOf(path: string, bytes: number, language?: string): L2Offer {
  return {
    key: path,
    headers: language === undefined ? [] : ['accept-language', language],
    stored: storedWith('max-age=60', language === undefined ? undefined : 'accept-language'),
    subject: { authority: 'a', path, url: markedUrl('a', path, ''), tags: [] },
    body: bodyOf([new Uint8Array(bytes)], bytes),
    generation: { epoch: 'e', seq: 1 },
  };
}

describe('what waits to be written', () => {
  it('stays when the limits are lowered, and then nothing more is taken until there is room again', () => {
    const queue = new WriteQueue({ bytes: 100_000, entries: 2 });
    for (const path of ['/a', '/b']) queue.add(offerOf(path, 10));
    expect(queue.add(offerOf('/c', 10))).toBe('refused');
    queue.limit({ bytes: 100_000, entries: 3 });
    expect(queue.add(offerOf('/c', 10))).toBeNull();
    queue.limit({ bytes: 1, entries: 3 });
    expect([queue.entries, queue.add(offerOf('/d', 10))]).toEqual([3, 'refused']);
    for (let taken = queue.take(); taken !== null; taken = queue.take()) queue.release(taken);
    expect([queue.entries, queue.bytes]).toEqual([0, 0]);
    queue.limit({ bytes: 100_000, entries: 3 });
    expect(queue.add(offerOf('/d', 10))).toBeNull();
  });

  it('is never more than the limits, and gives back what it took', () => {
    const action = fc.oneof(
      fc.record({ add: fc.nat(5), bytes: fc.nat(4_000), isLed: fc.boolean() }),
      fc.constant('take' as const),
      fc.constant('release' as const),
    );
    fc.assert(
      fc.property(fc.array(action, { size: 'max', maxLength: 60 }), (actions) => {
        const queue = new WriteQueue({ bytes: 10_000, entries: 4 });
        const taken: Taken[] = [];
        for (const act of actions) {
          if (act === 'take') {
            const one = queue.take();
            if (one !== null) taken.push(one);
          } else if (act === 'release') {
            const one = taken.shift();
            if (one !== undefined) queue.release(one);
          } else {
            const offer = offerOf(`/${act.add}`, act.bytes);
            queue.add(act.isLed ? { ...offer, lease } : offer);
          }
          expect(queue.bytes).toBeLessThanOrEqual(10_000);
          expect(queue.entries).toBeLessThanOrEqual(4);
        }
        queue.clear();
        for (const one of taken) queue.release(one);
        expect([queue.bytes, queue.entries]).toEqual([0, 0]);
      }),
    );
  });

  it('is the latest of each variant, in order', () => {
    const queue = new WriteQueue({ bytes: 1_000_000, entries: 10 });
    const first = offerOf('/a', 1);
    expect(queue.add(first)).toBeNull();
    expect(queue.add(offerOf('/b', 1, 'de'))).toBeNull();
    expect(queue.add(offerOf('/b', 1, 'fr'))).toBeNull();
    expect(queue.add(offerOf('/a', 2))).toBe(first);
    expect(queue.entries).toBe(3);
    expect(queue.take()?.offer.body.bytes).toBe(2);
    expect(queue.take()?.offer.headers).toEqual(['accept-language', 'de']);
  });

  it('is first what other nodes wait for', () => {
    const queue = new WriteQueue({ bytes: 1_000_000, entries: 10 });
    for (const path of ['/a', '/b']) queue.add(offerOf(path, 1));
    for (const path of ['/c', '/b', '/d']) queue.add({ ...offerOf(path, 2), lease });
    // Nobody waits for that one any more.
    queue.add(offerOf('/d', 3));
    const order = Array.from({ length: 5 }, () => queue.take()?.offer);
    expect(order.map((offer) => offer?.key)).toEqual(['/c', '/b', '/a', '/d', undefined]);
    expect(order.map((offer) => offer?.body.bytes)).toEqual([2, 2, 1, 3, undefined]);
  });
});
