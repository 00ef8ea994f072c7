/**
 * Purges that clients have asked nodes for by PURGE: a node asks one control, which makes them as it makes those of operators, and
 * answers within the time that the client has. Owns how many are under way, so that clients leave room for operators.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import { PURGE_URLS_QUESTION, type PurgeVerdict, verdictNodesMax } from '@weir/proto/events/purge-question.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import type { PurgeOutcome } from '../api/cache-api.js';
import type { Purges } from './purges.js';

/** Half of what may be under way at all. */
export const CLIENT_PURGES_MAX = 128;
const REASON_MAX = 1_000;

/** Returns how to end it. What is no such question is not answered. */
export function answerClientPurges(
  presence: Pick<Presence, 'bus' | 'subjects' | 'life'>,
  purges: Pick<Purges, 'purge'>,
): () => void {
  let underWay = 0;
  return presence.bus.subscribe(presence.subjects.ask(presence.life.id, PURGE_URLS_QUESTION), (message) => {
    const decoded = decodeMessage(message.bytes);
    if (!decoded.ok || decoded.message.kind !== 'purge.question') return;
    if (underWay >= CLIENT_PURGES_MAX) {
      message.reply(encodeMessage(verdictOf(tooMany)));
      return;
    }
    underWay += 1;
    const { targets, isSoft, withinMs } = decoded.message;
    void purges.purge({ targets, isSoft }, withinMs).then((outcome) => {
      underWay -= 1;
      message.reply(encodeMessage(verdictOf(outcome)));
    });
  });
}

const tooMany: PurgeOutcome = {
  obeyed: [],
  missing: [{ node: 'control', reason: `has ${CLIENT_PURGES_MAX} purges of clients under way already` }],
};

function verdictOf({ obeyed, missing, lapsed = [] }: PurgeOutcome): PurgeVerdict {
  const namesOf = (nodes: readonly { readonly node: string }[]): string[] =>
    nodes.slice(0, verdictNodesMax).map(({ node }) => node);
  const named = missing
    .slice(0, verdictNodesMax)
    .map(({ node, reason }) => ({ node, reason: reason.slice(0, REASON_MAX) }));
  return { kind: 'purge.verdict', obeyed: namesOf(obeyed), lapsed: namesOf(lapsed), missing: named };
}
