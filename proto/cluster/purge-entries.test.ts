import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nothingMeant, type PurgeEntry } from '../events/purge-log.js';
import { createKeyPair, keyRing, signerOf } from '../signing/ed25519.js';
import { sealFrame } from '../signing/signed-frame.js';
import { MEMBER, memberBytes, ORDER, orderBytes, readEntry } from './purge-entries.js';
import { PurgeRegistry, SAFE_MS } from './purge-round.js';

const pair = createKeyPair();
const signer = signerOf(pair.privateKey);
const trust = { cluster: 'c1', keys: keyRing([pair.publicKey]) };
const all: PurgeEntry = { entry: 'purge', targets: [{ kind: 'all' }], isSoft: false };
const tag: PurgeEntry = { entry: 'purge', targets: [{ kind: 'tag', tag: 't' }], isSoft: true };
const join: PurgeEntry = { entry: 'join', id: 'n1', incarnation: 7 };
const out = (isOwn: boolean): PurgeEntry => ({ entry: 'out', id: 'n1', incarnation: 7, isOwn });
const change: PurgeEntry = {
  ...{ entry: 'change', id: 'n1', incarnation: 7 },
  urls: [{ authority: 'a.example', path: '/x', query: '' }],
};
const nothing = { content: nothingMeant, fate: 'refused' };

it('control says purges and who is out, a member what it does itself', () => {
  for (const content of [tag, out(false), out(true)])
    expect(readEntry({ writer: ORDER, bytes: orderBytes(content, 'c1', signer) }, trust)).toEqual({
      content,
      fate: 'read',
    });
  for (const content of [join, out(true), change])
    expect(readEntry({ writer: MEMBER, bytes: memberBytes(content) }, { ...trust, keys: null })).toEqual({
      content,
      fate: 'read',
    });
  for (const content of [join, change])
    expect(readEntry({ writer: MEMBER, bytes: memberBytes(content) }, trust)).toEqual({ content, fate: 'read' });
});

it('a goodbye that anybody may have said ends no lease: a purge waits for it as for one that is put out', () => {
  const { content } = readEntry({ writer: MEMBER, bytes: memberBytes(out(true)) }, trust);
  const registry = new PurgeRegistry();
  registry.learn(1, join, 0);
  registry.learn(2, content, 1_000);
  registry.learn(3, tag, 2_000);
  expect(registry.takesPart('n1', 7)).toBe(false);
  expect(registry.concerned(3, 2_000, 2_000)).toEqual([{ id: 'n1', incarnation: 7, safeAtMs: 1_000 + SAFE_MS }]);
});

it('a member’s word of a purge, or of another member, means nothing; nor does any other writer’s', () => {
  for (const content of [tag, out(false)])
    expect(readEntry({ writer: MEMBER, bytes: memberBytes(content) }, trust)).toEqual(nothing);
  expect(readEntry({ writer: MEMBER, bytes: orderBytes(tag, 'c1', signer) }, trust)).toEqual(nothing);
  expect(readEntry({ writer: 'somebody', bytes: orderBytes(tag, 'c1', signer) }, trust)).toEqual(nothing);
});

it('what was changed, or signed for another cluster, means nothing', () => {
  const bytes = orderBytes(tag, 'c1', signer);
  for (let at = 9; at < bytes.length; at += 1) {
    const changed = new Uint8Array(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(readEntry({ writer: ORDER, bytes: changed }, trust)).toEqual(nothing);
  }
  expect(readEntry({ writer: ORDER, bytes: orderBytes(tag, 'c2', signer) }, trust)).toEqual(nothing);
  expect(readEntry({ writer: ORDER, bytes: new Uint8Array(72) }, trust)).toEqual(nothing);
});

it('what may be a purge that can’t be read is one of everything: of a later release, and by a key that is not known here', () => {
  const later = sealFrame(Uint8Array.of(2, 1, 2, 3), { cluster: 'c1', purpose: 'message' }, signer);
  expect(readEntry({ writer: ORDER, bytes: later }, trust)).toEqual({ content: all, fate: 'unread' });
  const stranger = signerOf(createKeyPair().privateKey);
  expect(readEntry({ writer: ORDER, bytes: orderBytes(tag, 'c1', stranger) }, trust)).toEqual({
    content: all,
    fate: 'refused',
  });
});

it('is read without signatures where all are of one machine', () => {
  const alone = { cluster: 'c1', keys: null };
  expect(readEntry({ writer: ORDER, bytes: orderBytes(tag, 'c1', null) }, alone)).toEqual({
    content: tag,
    fate: 'read',
  });
});

it('never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(ORDER, MEMBER, 'x'), (bytes, writer) => {
      for (const keys of [trust.keys, null])
        expect(['read', 'refused', 'unread']).toContain(readEntry({ writer, bytes }, { cluster: 'c1', keys }).fate);
    }),
  );
});
