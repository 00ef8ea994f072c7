/**
 * Control → nodes, signed: this snapshot is to be in force. The bytes are fetched; `hash` says which they must be.
 *
 * The latest announcement says all: what everybody is to run, and, while a version is tried out on some nodes, what those run. So
 * who has missed any number of them needs the latest one alone. A reader that knows nothing of `canary` runs what all others do.
 */
import { z } from 'zod';

export interface Announcement {
  readonly kind: 'snapshot';
  /** Rises with every announcement, by whichever control. */
  readonly serial: number;
  readonly version: number;
  /** SHA-256 of the encoded snapshot, in hexadecimal digits. */
  readonly hash: string;
  readonly sizeBytes: number;
  /** The version that is taken back, and all below it, when this is an explicit rollback; 0: it is none. */
  readonly takesBack: number;
  /** Some nodes try out another version; left out: none do. */
  readonly canary?: Canary;
}

export interface Canary {
  /** Names of those nodes, as hosts report themselves. */
  readonly only: readonly string[];
  readonly version: number;
  readonly hash: string;
  readonly sizeBytes: number;
}

/** Of a canary: what is more is no canary any more, and the message stays below 64 KiB. */
export const canaryNodesMax = 500;

/** The announcement as it is meant for one node. */
export function announcedFor(announced: Announcement, id: string): Announcement {
  const { canary, ...forAll } = announced;
  if (canary === undefined || !canary.only.includes(id)) return forAll;
  const { version, hash, sizeBytes } = canary;
  // A canary of an older version is not made: what is tried out is the newest there is.
  return { ...forAll, version, hash, sizeBytes, takesBack: 0 };
}

const count = z.number().int().nonnegative();
const what = { version: count, hash: z.string().regex(/^[0-9a-f]{64}$/), sizeBytes: count };
const canary = z.object({ only: z.array(z.string().regex(/^[\w-]{1,64}$/)).max(canaryNodesMax), ...what });
const announcement = z.object({
  ...{ kind: z.literal('snapshot'), serial: count, ...what, takesBack: count },
  canary: canary.optional(),
});

export function readAnnouncement(value: unknown): Announcement | null {
  const parsed = announcement.safeParse(value);
  if (!parsed.success) return null;
  const { canary: some, ...forAll } = parsed.data;
  return some === undefined ? forAll : { ...forAll, canary: some };
}
