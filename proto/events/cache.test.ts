import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { purgeTargetsMax } from './cache.js';
import { decodeControlToNode, decodeNodeToControl } from './node-link.js';

const order = { v: 1, kind: 'cache.purge', number: 3, targets: [{ kind: 'tag', tag: 'a' }], isSoft: false };
const why = (raw: unknown) => {
  const decoded = decodeControlToNode(raw);
  return decoded.ok ? 'read' : decoded.why;
};

describe('an order to a cache', () => {
  it('is read as it was sent, without fields that a later release has added', () => {
    expect(decodeControlToNode({ ...order, region: 'eu' })).toEqual({ ok: true, message: order });
    const targets = [
      { kind: 'url', authority: 'a', path: '/', query: '' },
      { kind: 'prefix', authority: 'a', prefix: '/' },
      { kind: 'host', authority: 'a' },
      { kind: 'all' },
    ];
    expect(decodeControlToNode({ ...order, targets })).toEqual({ ok: true, message: { ...order, targets } });
  });

  it.each([
    { ...order, number: -1 },
    { ...order, number: '3' },
    { ...order, isSoft: 'no' },
    { ...order, targets: [{ kind: 'everything' }] },
    { ...order, targets: [{ kind: 'tag' }] },
    { ...order, targets: [{ kind: 'tag', tag: 'x'.repeat(16_385) }] },
    { ...order, targets: Array.from({ length: purgeTargetsMax + 1 }, () => ({ kind: 'all' })) },
  ])('is malformed where a purge could mean less than was asked for (%#)', (raw) => expect(why(raw)).toBe('malformed'));

  it('of another version is not understood as this one', () => expect(why({ ...order, v: 2 })).toBe('unknown'));

  it('never makes a reader throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.constantFrom('cache.purge', 'cache.inspect', 'cache.inspected'), fc.object(), (kind, fields) => {
        decodeControlToNode({ ...fields, v: 1, kind });
        decodeNodeToControl({ ...fields, v: 1, kind });
      }),
    );
  });
});

it('an answer of a node comes back as it was sent', () => {
  const inspection = {
    foretold: { kind: 'hit', route: 'r', isStale: false, refreshes: false },
    variants: [],
    isComplete: true,
    notStored: { why: 'private', status: 200, atWallMs: 5 },
  };
  for (const message of [
    { v: 1, kind: 'cache.purged', number: 1 },
    { v: 1, kind: 'cache.inspected', number: 2, inspection },
    { v: 1, kind: 'cache.failed', number: 3, reason: 'a bug' },
  ]) {
    expect(decodeNodeToControl(message)).toEqual({ ok: true, message });
  }
});
