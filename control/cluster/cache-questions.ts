/** Asks all nodes of a cluster what they have stored for a request, for `weir cache inspect`; who does not answer is named. */
import type { Presence } from '@weir/proto/cluster/presence.js';
import type { CacheInspection, InspectedRequest } from '@weir/proto/events/cache.js';
import { INSPECT_QUESTION } from '@weir/proto/events/cache-question.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import type { InspectOutcome, MissingNode } from '../api/cache-api.js';

/** A node looks at what it has stored for some 5 ms. */
export const ANSWER_WITHIN_MS = 2_000;
/** Each question waits for its reply on a subscription, of which a bus has a thousand. */
const ASKED_AT_ONCE = 128;
/** Of all answers together, as they came: what an admin API may hold for one question. */
export const ANSWERS_BYTES_MAX = 16 * 1024 * 1024;

type Told = { readonly inspection: CacheInspection; readonly bytes: number } | { readonly reason: string };

export async function inspectNodes(
  presence: Pick<Presence, 'members' | 'ask'>,
  request: InspectedRequest,
): Promise<InspectOutcome> {
  // One that is thought dead may be there and serve, and says so or is named.
  const ids = presence
    .members()
    .filter(({ heartbeat, standing }) => heartbeat.role === 'node' && standing !== 'left')
    .map(({ life }) => life.id)
    .sort();
  const question = encodeMessage({ kind: 'cache.question', request });
  const nodes: InspectOutcome['nodes'][number][] = [];
  const missing: MissingNode[] = [];
  let bytes = 0;
  for (let at = 0; at < ids.length; at += ASKED_AT_ONCE) {
    const asked = ids.slice(at, at + ASKED_AT_ONCE);
    const answers = await Promise.all(asked.map(async (node) => ({ node, told: await ask(presence, node, question) })));
    for (const { node, told } of answers) {
      if ('reason' in told) missing.push({ node, reason: told.reason });
      else if (bytes + told.bytes > ANSWERS_BYTES_MAX) missing.push({ node, reason: NO_ROOM });
      else {
        bytes += told.bytes;
        nodes.push({ node, inspection: told.inspection });
      }
    }
  }
  return { nodes, missing };
}

const NO_ROOM = `has answered, and all answers together are longer than ${ANSWERS_BYTES_MAX / 1024 / 1024} MiB`;
const SILENT = `did not answer within ${ANSWER_WITHIN_MS / 1_000} s`;

async function ask(presence: Pick<Presence, 'ask'>, id: string, question: Uint8Array): Promise<Told> {
  const bytes = await presence.ask(id, INSPECT_QUESTION, question, ANSWER_WITHIN_MS);
  if (bytes === null) return { reason: SILENT };
  const decoded = decodeMessage(bytes);
  if (!decoded.ok || decoded.message.kind !== 'cache.reply') return { reason: 'gave an answer that can’t be read' };
  const { inspection, reason } = decoded.message;
  return inspection === null ? { reason: `failed: ${reason}` } : { inspection, bytes: bytes.length };
}
