/**
 * Asks many members one question each, a batch at a time: a bus refuses questions beyond `subscriptionsMax` that
 * wait for answers, whoever in its process has asked them.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import { type ClusterMessage, decodeMessage } from '@weir/proto/events/wire.js';

/** A quarter of what the bus has: two that ask, and what always listens, have room beside each other. */
export const BATCH = 250;
const ANSWER_WITHIN_MS = 1_000;
const QUESTION = new Uint8Array();

/** What those said that answered in time, each with whom it was asked of, as soon as its batch is over. */
export async function* askEach<Asked>(
  presence: Pick<Presence, 'ask'>,
  what: string,
  members: readonly Asked[],
  idOf: (member: Asked) => string,
): AsyncGenerator<{ readonly asked: Asked; readonly message: ClusterMessage }> {
  for (let at = 0; at < members.length; at += BATCH) {
    const batch = members.slice(at, at + BATCH).map(async (asked) => {
      const bytes = await presence.ask(idOf(asked), what, QUESTION, ANSWER_WITHIN_MS);
      const decoded = bytes === null ? null : decodeMessage(bytes);
      return decoded?.ok === true ? [{ asked, message: decoded.message }] : [];
    });
    yield* (await Promise.all(batch)).flat();
  }
}
