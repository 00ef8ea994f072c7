import { createHash } from 'node:crypto';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import { encodeSnapshot, hashContent, snapshotFormat } from '@weir/proto/snapshot/codec.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { expect, it } from 'vitest';
import { makeGateway } from '../pipeline/testing/specs.js';
import { openOffer } from './offer.js';

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
const open = (changed: Partial<SnapshotOffer>) => openOffer({ ...offer, ...changed }, async () => {});

it('an offer is opened when its bytes are those that were announced, by their digest or by what they say', async () => {
  expect(await open({})).toEqual(snapshot);
  const { digest: _, ...earlier } = offer;
  expect(await openOffer(earlier, async () => {})).toEqual(snapshot);
  await expect(openOffer({ ...earlier, hash: 'other' }, async () => {})).rejects.toThrow(
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
