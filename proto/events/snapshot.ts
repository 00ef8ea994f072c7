/**
 * How a snapshot reaches a node and what the node says to it. A node answers every offer with exactly one of applied
 * and refused, except an offer that a newer one overtook before its turn came.
 */
import { z } from 'zod';
import { MESSAGE_VERSION } from './message.js';

const v = z.literal(MESSAGE_VERSION);
const version = z.number().int().nonnegative();

/** Two with the same hash say the same, and differ in their bytes where they have other numbers. */
export interface OfferName {
  readonly version: number;
  readonly hash: string;
}

/** Control → node: run this. `bytes` is the encoded snapshot (proto/snapshot/codec.ts), `hash` names its content. */
export interface SnapshotOffer extends OfferName {
  readonly v: 1;
  readonly kind: 'snapshot.offer';
  /** SHA-256 of the bytes, in hexadecimal digits, where it is known; else they are held to `hash`. */
  readonly digest?: string;
  readonly bytes: Uint8Array;
  /** `bytes` are what makes them of those of that offer, which the node has in force (proto/snapshot/delta.ts); left out: they are whole. */
  readonly base?: OfferName;
  /** Secrets of the registry that it names, as JSON, sealed for the key that the node has told (proto/signing/sealed-box.ts). */
  readonly secrets?: Uint8Array;
}

const offer = z.object({
  v,
  kind: z.literal('snapshot.offer'),
  version,
  hash: z.string(),
  digest: z.string().optional(),
  bytes: z.instanceof(Uint8Array),
  base: z.object({ version, hash: z.string() }).optional(),
  secrets: z.instanceof(Uint8Array).optional(),
});
export const snapshotOffer: z.ZodType<SnapshotOffer> = offer.transform(({ digest, base, secrets, ...rest }) => ({
  ...rest,
  ...(digest === undefined ? {} : { digest }),
  ...(base === undefined ? {} : { base }),
  ...(secrets === undefined ? {} : { secrets }),
}));

/** Node → control: it is in force from now on. */
export interface SnapshotApplied {
  readonly v: 1;
  readonly kind: 'snapshot.applied';
  readonly version: number;
  readonly hash: string;
}

export const snapshotApplied: z.ZodType<SnapshotApplied> = z.object({
  v,
  kind: z.literal('snapshot.applied'),
  version,
  hash: z.string(),
});

/** Node → control: it cannot be run, and what was in force stays in force. */
export interface SnapshotRefused {
  readonly v: 1;
  readonly kind: 'snapshot.refused';
  readonly version: number;
  readonly hash: string;
  readonly reason: string;
}

export const snapshotRefused: z.ZodType<SnapshotRefused> = z.object({
  v,
  kind: z.literal('snapshot.refused'),
  version,
  hash: z.string(),
  reason: z.string(),
});
