/** Control → nodes, signed: this snapshot is to be in force. The bytes are fetched; `hash` says which they must be. */
import { z } from 'zod';

export interface Announcement {
  readonly kind: 'snapshot';
  /** Rises with every announcement, by whichever control. */
  readonly serial: number;
  readonly version: number;
  /** SHA-256 of the encoded snapshot, in hexadecimal digits. */
  readonly hash: string;
  readonly sizeBytes: number;
  /** The version that is taken back, when this is an explicit rollback; 0: it is none. */
  readonly takesBack: number;
}

const count = z.number().int().nonnegative();
const announcement: z.ZodType<Announcement> = z.object({
  kind: z.literal('snapshot'),
  serial: count,
  version: count,
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: count,
  takesBack: count,
});

export function readAnnouncement(value: unknown): Announcement | null {
  const parsed = announcement.safeParse(value);
  return parsed.success ? parsed.data : null;
}
