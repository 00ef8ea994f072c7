/**
 * The common form of every message between processes: a version, a kind, and the kind's own fields.
 *
 * Both sides may be of different releases for a while. So a kind or version that a reader does not know is skipped, a
 * field that it does not know is dropped, and only a known kind whose fields are wrong is malformed: that is a bug of
 * the sender, and is counted.
 */
import { z } from 'zod';

export const MESSAGE_VERSION = 1;

export type Decoded<Message> =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly why: 'unknown' | 'malformed'; readonly detail: string };

export type Decode<Message> = (raw: unknown) => Decoded<Message>;

const envelope = z.object({ v: z.number(), kind: z.string() });

/** A decoder for a set of kinds, given as kind → schema of the whole message. */
export function messageDecoder<Message>(kinds: Readonly<Record<string, z.ZodType<Message>>>): Decode<Message> {
  return (raw) => {
    const head = envelope.safeParse(raw);
    if (!head.success) return { ok: false, why: 'malformed', detail: 'neither version nor kind' };
    const { v, kind } = head.data;
    const schema = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (v !== MESSAGE_VERSION || schema === undefined) {
      return { ok: false, why: 'unknown', detail: `${kind.slice(0, 60)} of version ${v}` };
    }
    const parsed = schema.safeParse(raw);
    if (parsed.success) return { ok: true, message: parsed.data };
    const [issue] = parsed.error.issues;
    return { ok: false, why: 'malformed', detail: `${kind}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}` };
  };
}
