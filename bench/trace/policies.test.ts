import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { S3Fifo } from './policies/s3-fifo.js';
import { Sieve } from './policies/sieve.js';
import { policies, policyNames } from './policies.js';
import { keysOf, replay } from './replay.js';
import { makeTrace, traceSpecs } from './traces.js';

/** What is found of these without asking twice: each is asked of a policy that was brought to the same state. */
const found = (make: () => { ask(key: string, bytes: number): boolean }, asked: string, among: string): string =>
  [...among]
    .filter((key) => {
      const policy = make();
      for (const one of asked) policy.ask(one, 1);
      return policy.ask(key, 1);
    })
    .join('');

describe('every policy', () => {
  it('finds all when all fit, and stays within its bytes when they do not', () => {
    const request = fc.tuple(fc.constantFrom(...'abcdefgh'), fc.constantFrom(1, 30, 90));
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 100, size: 'max' }),
        fc.integer({ min: 1, max: 300 }),
        (asked, bytesMax) => {
          for (const name of policyNames) {
            const roomy = policies[name](100_000);
            const tight = policies[name](bytesMax);
            const known = new Set<string>();
            const sizes = new Map<string, number>();
            for (const [key, drawn] of asked) {
              const bytes = sizes.get(key) ?? drawn;
              sizes.set(key, bytes);
              expect([name, roomy.ask(key, bytes)]).toEqual([name, known.has(key)]);
              known.add(key);
              tight.ask(key, bytes);
              expect([name, tight.bytes <= bytesMax]).toEqual([name, true]);
            }
          }
        },
      ),
    );
  });

  it('but LRU keeps what is asked for often through a scan', () => {
    const spec = traceSpecs.find((one) => one.scans !== undefined);
    if (spec === undefined) throw new Error('there is a trace with a scan');
    const trace = makeTrace(spec, { objects: 3_000, requests: 30_000 }, 7);
    const keys = keysOf(trace);
    const ratioOf = (name: (typeof policyNames)[number]): number =>
      replay(trace, keys, policies[name](Math.floor(trace.catalogueBytes / 100))).hitRatio;
    for (const name of policyNames) if (name !== 'lru') expect(ratioOf(name)).toBeGreaterThan(ratioOf('lru') + 0.03);
  });
});

describe('SIEVE', () => {
  it('takes what was not asked for since its hand last came by, and leaves the order of arrival', () => {
    const make = (): Sieve => new Sieve(3);
    // The hand clears a, b is found unvisited and goes; then c, and it goes on from there to the new end.
    expect(found(make, 'abcad', 'abcd')).toBe('acd');
    expect(found(make, 'abcade', 'abcde')).toBe('ade');
    // With all of them visited, the hand comes round to the oldest.
    expect(found(make, 'abcabcd', 'abcd')).toBe('bcd');
  });
});

describe('S3-FIFO', () => {
  it('brings what was asked for twice more to the main queue, and what comes back after it went', () => {
    const make = (): S3Fifo => new S3Fifo(10);
    const scan = 'ABCDEFGHIJKLMNOP';
    expect(found(make, `aab${scan}`, 'ab')).toBe('');
    expect(found(make, `aaab${scan}`, 'ab')).toBe('a');
    expect(found(make, `ab${scan.slice(0, 10)}b${scan.slice(10)}`, 'ab')).toBe('b');
  });
});
