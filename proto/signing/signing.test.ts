import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Announcement } from '../events/announcement.js';
import { decodeMessage, encodeMessage } from '../events/wire.js';
import { acceptAnnouncement, atTheBeginning, type Position } from './accept.js';
import { createKeyPair, keyRing, publicKeyOf, signerOf } from './ed25519.js';
import { openFrame, type SigningContext, sealFrame } from './signed-frame.js';

const pair = createKeyPair();
const other = createKeyPair();
const signer = signerOf(pair.privateKey);
const ring = keyRing([pair.publicKey]);
const context: SigningContext = { cluster: 'main', purpose: 'message' };
const announced: Announcement = {
  kind: 'snapshot',
  serial: 5,
  version: 3,
  hash: 'ab'.repeat(32),
  sizeBytes: 9,
  takesBack: 0,
};
const body = encodeMessage(announced);
const frame = sealFrame(body, context, signer);

describe('a signed frame', () => {
  it('opens with the pinned key, and gives back the bytes that were signed', () => {
    const opened = openFrame(frame, context, ring);
    expect(opened).toMatchObject({ ok: true, keyId: signer.keyId });
    if (opened.ok) expect(decodeMessage(opened.body)).toEqual({ ok: true, message: announced });
  });

  it('is forged when any one bit of it is another, and malformed or unknown where it can be told', () => {
    for (let at = 0; at < frame.length; at += 1) {
      const changed = new Uint8Array(frame);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const why = at === 0 ? 'unknown-version' : at <= 8 ? 'unknown-key' : 'forged';
      expect(openFrame(changed, context, ring), `byte ${at}`).toEqual({ ok: false, why });
    }
  });

  it('does not open with another key, nor in the name of the pinned one', () => {
    const foreign = signerOf(other.privateKey);
    expect(openFrame(sealFrame(body, context, foreign), context, ring)).toEqual({ ok: false, why: 'unknown-key' });
    const pretended = sealFrame(body, context, { ...foreign, keyId: signer.keyId });
    expect(openFrame(pretended, context, ring)).toEqual({ ok: false, why: 'forged' });
    expect(openFrame(sealFrame(body, context, foreign), context, keyRing([pair.publicKey, other.publicKey])).ok).toBe(
      true,
    );
  });

  it('does not open in another cluster, nor as another kind of thing, however the names are cut', () => {
    const contexts: SigningContext[] = [
      { cluster: 'other', purpose: 'message' },
      { cluster: 'main', purpose: 'snapshot' },
      { cluster: 'mai', purpose: 'message' },
      { cluster: 'main\0message', purpose: 'message' },
    ];
    for (const each of contexts) expect(openFrame(frame, each, ring)).toEqual({ ok: false, why: 'forged' });
  });

  it('is not opened by garbage of any length, which never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(openFrame(bytes, context, ring).ok).toBe(false);
        expect(openFrame(Uint8Array.from([1, ...signer.keyId, ...bytes]), context, ring).ok).toBe(false);
      }),
    );
    expect(openFrame(frame.subarray(0, 72), context, ring)).toEqual({ ok: false, why: 'malformed' });
  });
});

describe('keys as text', () => {
  it('come back as they were, and a public one follows from its private one', () => {
    expect(publicKeyOf(pair.privateKey)).toBe(pair.publicKey);
    expect(pair.publicKey).toMatch(/^weir-public-[\w-]{43}$/);
  });

  it('that are none are refused without being repeated', () => {
    const secret = pair.privateKey.slice('weir-private-'.length);
    for (const text of [
      '',
      secret,
      `${pair.privateKey}A`,
      pair.privateKey.slice(0, -1),
      `weir-private-${secret.slice(1)}`,
      pair.publicKey,
    ]) {
      expect(() => signerOf(text)).toThrow(/^not a key that begins with weir-private-$/);
    }
    expect(() => keyRing([pair.privateKey])).toThrow(/^not a key that begins with weir-public-$/);
    expect(() => keyRing([])).toThrow();
    expect(() => keyRing(Array.from({ length: 17 }, () => pair.publicKey))).toThrow();
  });
});

describe('announcements in order', () => {
  const at: Position = { serial: 5, version: 3, hash: 'c' };
  const next = { ...announced, serial: 6, version: 4, hash: 'd' };

  it('are followed once, and never a second time by being sent again', () => {
    const step = acceptAnnouncement(at, next);
    expect(step).toEqual({ accept: true, position: { serial: 6, version: 4, hash: 'd' } });
    if (!step.accept) throw new Error('it was accepted');
    expect(acceptAnnouncement(step.position, next)).toEqual({ accept: false, why: 'repeat' });
    expect(acceptAnnouncement({ ...step.position, serial: 7 }, next)).toEqual({ accept: false, why: 'replay' });
  });

  it('that fall need to say what they take back, and that it is in force', () => {
    const falling = { ...next, version: 2 };
    expect(acceptAnnouncement(at, falling)).toEqual({ accept: false, why: 'falls' });
    expect(acceptAnnouncement(at, { ...falling, takesBack: 2 })).toEqual({ accept: false, why: 'falls' });
    expect(acceptAnnouncement(at, { ...falling, takesBack: 3 }).accept).toBe(true);
    // It has missed version 4, which is what is taken back.
    expect(acceptAnnouncement(at, { ...falling, takesBack: 4 }).accept).toBe(true);
  });

  it('with a number that is taken, or another content for a version, are a conflict', () => {
    expect(acceptAnnouncement(at, { ...next, serial: 5 })).toEqual({ accept: false, why: 'conflict' });
    expect(acceptAnnouncement(at, { ...next, version: 3 })).toEqual({ accept: false, why: 'conflict' });
    expect(acceptAnnouncement(at, { ...next, version: 3, hash: 'c' }).accept).toBe(true);
  });

  it('in any order, lost and doubled: serials rise, and versions fall by explicit rollbacks alone', () => {
    const any = fc.record({
      serial: fc.nat(9),
      version: fc.nat(5),
      hash: fc.constantFrom('a', 'b'),
      takesBack: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(any, { size: 'max', maxLength: 60 }), (list) => {
        let position = atTheBeginning;
        for (const fields of list) {
          const step = acceptAnnouncement(position, { ...announced, ...fields });
          if (!step.accept) continue;
          expect(step.position.serial).toBeGreaterThan(position.serial);
          if (step.position.version < position.version)
            expect(fields.takesBack).toBeGreaterThanOrEqual(position.version);
          position = step.position;
        }
      }),
    );
  });
});
