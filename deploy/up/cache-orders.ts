/**
 * The cache's orders and questions, to the node processes of this machine. One that is not there, or ends before it answers,
 * has nothing in memory any more: the next one begins with an empty cache, so a purge is in force with its end. Not so
 * where nodes share what they store in Redis, which only a node purges. The other nodes that use that Redis are none of this
 * process: they hear of a purge from there, a moment later, and nobody here learns when.
 */
import type { CacheOperations } from '@weir/control/api/cache-api.js';
import type { Supervisor } from './supervisor.js';

type Node = Pick<Supervisor, 'ask' | 'look'>;
type PurgeResult = Awaited<ReturnType<CacheOperations['purge']>>;
type Inspections = Awaited<ReturnType<CacheOperations['inspect']>>;

export function cacheOrders(nodes: () => readonly Node[], sharesInRedis: boolean): CacheOperations {
  return {
    async purge(order) {
      const results = await Promise.all(nodes().map((node) => purgeOne(node, order, sharesInRedis)));
      const obeyed = results.flatMap((result) => result.obeyed);
      const later = sharesInRedis && obeyed.length > 0 ? { later: HEARD_LATER } : {};
      return { obeyed, missing: results.flatMap(({ missing }) => missing), ...later };
    },
    async inspect(request) {
      const results = await Promise.all(nodes().map((node) => inspectOne(node, request)));
      return { nodes: results.flatMap((one) => one.nodes), missing: results.flatMap(({ missing }) => missing) };
    },
  };
}

async function purgeOne(
  asked: Node,
  { targets, isSoft }: Parameters<CacheOperations['purge']>[0],
  sharesInRedis: boolean,
): Promise<Pick<PurgeResult, 'obeyed' | 'missing'>> {
  const name = nameOf(asked);
  const become = await asked.ask((number) => ({ v: 1, kind: 'cache.purge', number, targets, isSoft }));
  if (become.kind === 'failed') return { obeyed: [], missing: [{ node: name, reason: become.reason }] };
  if (become.kind === 'ended' && sharesInRedis) return { obeyed: [], missing: [{ node: name, reason: STILL_SHARED }] };
  return { obeyed: [{ node: name, ms: rounded(become.ms) }], missing: [] };
}

async function inspectOne(asked: Node, request: Parameters<CacheOperations['inspect']>[0]): Promise<Inspections> {
  const name = nameOf(asked);
  const become = await asked.ask((number) => ({ v: 1, kind: 'cache.inspect', number, request }));
  if (become.kind === 'answer' && become.answer.kind === 'cache.inspected')
    return { nodes: [{ node: name, inspection: become.answer.inspection }], missing: [] };
  const reason = become.kind === 'failed' ? become.reason : 'has no process now, and so nothing stored';
  return { nodes: [], missing: [{ node: name, reason }] };
}

const HEARD_LATER =
  'Other nodes find nothing of it in Redis, and give up what is in their own memory when they hear of it there: within some ' +
  '250 ms, or when they reach Redis again. They do not acknowledge it.';

const STILL_SHARED = 'has no process now, so what is shared in Redis is not purged; try again';

/** Between two processes it has the name that it is called by without one. */
function nameOf(node: Node): string {
  const { pid } = node.look();
  return pid === null ? 'node' : `node-${pid}`;
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
