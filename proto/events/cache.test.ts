import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { purgeTargetsMax } from './cache.js';
import { decodeControlToNode, decodeNodeToControl } from './node-link.js';
import { readLogEntry } from './purge-log.js';

const order = { entry: 'purge', targets: [{ kind: 'tag', tag: 'a' }], isSoft: false };
const read = (content: unknown) => readLogEntry({ kind: 'log', number: 3, content })?.content ?? null;

const question = {
  ...{ v: 1, kind: 'cache.inspect', number: 3 },
  request: { method: 'GET', scheme: 'http', authority: 'a', path: '/', query: '', headers: [], consumer: null },
};

describe('a purge', () => {
  it('is read as it was written, without fields that a later release has added', () => {
    expect(read({ ...order, region: 'eu' })).toEqual(order);
    const targets = [
      { kind: 'url', authority: 'a', path: '/', query: '' },
      { kind: 'prefix', authority: 'a', prefix: '/' },
      { kind: 'host', authority: 'a' },
      { kind: 'all' },
    ];
    expect(read({ ...order, targets })).toEqual({ ...order, targets });
  });

  it.each([
    { ...order, isSoft: 'no' },
    { ...order, targets: [] },
    { ...order, targets: [{ kind: 'everything' }] },
    { ...order, targets: [{ kind: 'tag' }] },
    { ...order, targets: [{ kind: 'tag', tag: 'x'.repeat(16_385) }] },
    { ...order, targets: Array.from({ length: purgeTargetsMax + 1 }, () => ({ kind: 'all' })) },
  ])('is not read where it could mean less than was asked for (%#)', (raw) => expect(read(raw)).toBeNull());
});

describe('a question to a cache', () => {
  it('is read as it was sent, and refused with another number or version', () => {
    expect(decodeControlToNode({ ...question, region: 'eu' })).toEqual({ ok: true, message: question });
    expect(decodeControlToNode({ ...question, number: -1 })).toMatchObject({ ok: false, why: 'malformed' });
    expect(decodeControlToNode({ ...question, v: 2 })).toMatchObject({ ok: false, why: 'unknown' });
  });

  it('never makes a reader throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.constantFrom('cache.inspect', 'cache.inspected'), fc.object(), (kind, fields) => {
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
    { v: 1, kind: 'cache.inspected', number: 2, inspection },
    { v: 1, kind: 'cache.failed', number: 3, reason: 'a bug' },
  ]) {
    expect(decodeNodeToControl(message)).toEqual({ ok: true, message });
  }
});
