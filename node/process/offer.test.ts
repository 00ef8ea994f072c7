import { createHash } from 'node:crypto';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { encodeSnapshot, hashContent, snapshotFormat } from '@weir/proto/snapshot/codec.js';
import { encodeRunDelta } from '@weir/proto/snapshot/run-delta.js';
import { hashOfRuns, inRuns, type Members } from '@weir/proto/snapshot/runs.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { makeGateway } from '../pipeline/testing/specs.js';
import { OfferReader } from './offer.js';

const noPause = async (): Promise<void> => {};
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const sha256Hex = (bytes: Uint8Array): string => Buffer.from(sha256(bytes)).toString('hex');
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

describe('an offer that is named by its runs', () => {
  const next: Snapshot = { ...snapshot, version: 4, createdWallMs: 6, upstreams: [{ id: 'a' } as never] };
  const inRunsAfter = (of: Snapshot, before: Members | null) => inRuns(of, before, sha256, noPause);
  const offers = async () => {
    const first = await inRunsAfter(snapshot, null);
    const second = await inRunsAfter(next, first);
    const base = { version: 3, hash: hashOfRuns(first, sha256) };
    const named = { v: 1, kind: 'snapshot.offer', version: 4, hash: hashOfRuns(second, sha256) } as const;
    return {
      base,
      first: { ...offer, ...base, digest: sha256Hex(bytes) },
      whole: { ...named, bytes: encodeSnapshot(next) },
      made: { ...named, base, bytes: encodeRunDelta(first, second) },
    };
  };

  it('is opened whole, and refused where it is another one', async () => {
    const { whole } = await offers();
    expect(await new OfferReader().open(whole, noPause)).toEqual(next);
    await expect(new OfferReader().open({ ...whole, hash: `${whole.hash}0` }, noPause)).rejects.toThrow(
      'not the one that was announced',
    );
    const other = encodeSnapshot({ ...next, upstreams: [] });
    await expect(new OfferReader().open({ ...whole, bytes: other }, noPause)).rejects.toThrow(
      'not the one that was announced',
    );
  });

  it('is made of the one before where that is known, and asks for the whole where it is not', async () => {
    const { first, made } = await offers();
    const reader = new OfferReader();
    await expect(reader.open(made, noPause)).rejects.toThrow('needed whole');
    await reader.open(first, noPause);
    expect(await reader.open(made, noPause)).toEqual(next);
    // The one before it is the next now.
    await expect(reader.open(made, noPause)).rejects.toThrow('needed whole');
  });

  it('asks for the whole where the one before was named by all of its bytes, as one that was kept by an earlier build', async () => {
    const { made } = await offers();
    const reader = new OfferReader();
    const { digest: _, ...kept } = offer;
    await reader.open(kept, noPause);
    await expect(reader.open({ ...made, base: { version: 3, hash: kept.hash } }, noPause)).rejects.toThrow(
      'needed whole',
    );
  });

  it('is refused where the base is another one by its number or hash, or the delta makes something else', async () => {
    const { first, made, base } = await offers();
    const tryWith = async (changed: Partial<SnapshotOffer>): Promise<Snapshot> => {
      const reader = new OfferReader();
      await reader.open(first, noPause);
      return reader.open({ ...made, ...changed }, noPause);
    };
    await expect(tryWith({ base: { ...base, version: 2 } })).rejects.toThrow('needed whole');
    await expect(tryWith({ base: { ...base, hash: 'other' } })).rejects.toThrow('needed whole');
    await expect(tryWith({ bytes: Uint8Array.of(1) })).rejects.toThrow('needed whole');
    const before = await inRunsAfter(snapshot, null);
    const other = encodeRunDelta(before, await inRunsAfter({ ...next, upstreams: [{ id: 'b' } as never] }, before));
    await expect(tryWith({ bytes: other })).rejects.toThrow('not the one that was announced');
    const shapeless = encodeRunDelta(before, await inRunsAfter({ ...next, gateway: null as never }, before));
    await expect(tryWith({ bytes: shapeless })).rejects.toThrow('no gateway');
  });
});
