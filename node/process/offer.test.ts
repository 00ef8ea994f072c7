import { createHash } from 'node:crypto';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { encodeSnapshot, hashContent, snapshotFormat } from '@weir/proto/snapshot/codec.js';
import { encodeDelta } from '@weir/proto/snapshot/delta.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { makeGateway } from '../pipeline/testing/specs.js';
import { OfferReader } from './offer.js';

const noPause = async (): Promise<void> => {};
const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const snapshot: Snapshot = {
  ...{ format: 7, ai: null, version: 3, createdWallMs: 5, upstreams: [], routes: [], consumers: [], contracts: [] },
  gateway: makeGateway(),
};
const bytes = encodeSnapshot(snapshot);
const offer: SnapshotOffer = {
  ...{ v: 1, kind: 'snapshot.offer', version: 3, bytes, hash: hashContent(snapshot, sha256Hex) },
  digest: sha256Hex(bytes),
};
const open = (changed: Partial<SnapshotOffer>) => new OfferReader().open({ ...offer, ...changed }, noPause);

it('an offer is opened when its bytes are those that were announced, by their digest or by what they say', async () => {
  expect(await open({})).toEqual(snapshot);
  const { digest: _, ...earlier } = offer;
  expect(await new OfferReader().open(earlier, noPause)).toEqual(snapshot);
  await expect(new OfferReader().open({ ...earlier, hash: 'other' }, noPause)).rejects.toThrow(
    'not the one that was announced',
  );
});

it('an offer of other bytes, another version or none that can be read is refused with the reason', async () => {
  const other = encodeSnapshot({ ...snapshot, createdWallMs: 6 });
  await expect(open({ bytes: other })).rejects.toThrow('not those that were announced');
  await expect(open({ version: 4 })).rejects.toThrow('not the one that was announced: 3');
  const garbage = Uint8Array.of(snapshotFormat, 1);
  await expect(open({ bytes: garbage, digest: sha256Hex(garbage) })).rejects.toThrow('malformed');
});

describe('an offer of what makes it of another one', () => {
  const next: Snapshot = { ...snapshot, version: 4, createdWallMs: 6 };
  const whole = encodeSnapshot(next);
  const { version, hash } = offer;
  const made: SnapshotOffer = {
    ...{ v: 1, kind: 'snapshot.offer', version: 4, hash: hashContent(next, sha256Hex) },
    ...{ bytes: encodeDelta(bytes, whole), base: { version, hash } },
  };

  it('is the whole where the one before is known, and asks for it where it is not', async () => {
    const reader = new OfferReader();
    await expect(reader.open(made, noPause)).rejects.toThrow('needed whole');
    await reader.open(offer, noPause);
    expect(await reader.open(made, noPause)).toEqual(next);
    // The one before it is the next now.
    await expect(reader.open(made, noPause)).rejects.toThrow('needed whole');
  });

  it('is refused where the base is another one by its number or hash, or the delta makes something else', async () => {
    const tryWith = async (changed: Partial<SnapshotOffer>): Promise<Snapshot> => {
      const reader = new OfferReader();
      await reader.open(offer, noPause);
      return reader.open({ ...made, ...changed }, noPause);
    };
    await expect(tryWith({ base: { version: 2, hash } })).rejects.toThrow('needed whole');
    await expect(tryWith({ base: { version, hash: 'other' } })).rejects.toThrow('needed whole');
    await expect(tryWith({ bytes: Uint8Array.of(1) })).rejects.toThrow('needed whole');
    const other = encodeDelta(bytes, encodeSnapshot({ ...next, upstreams: [{ id: 'a' } as never] }));
    await expect(tryWith({ bytes: other })).rejects.toThrow('not the one that was announced');
  });
});
