/**
 * The cache's orders and questions: purges go through the purge log, which the nodes of this machine follow, questions to each process. The
 * other nodes that use the same Redis are none of this process: they hear of a purge from there, a moment later, and nobody here
 * learns when.
 */
import type { CacheOperations } from '@weir/control/api/cache-api.js';
import type { Purges } from '@weir/control/cluster/purges.js';
import type { Supervisor } from './supervisor.js';

type Node = Pick<Supervisor, 'ask' | 'look'>;
type Inspections = Awaited<ReturnType<CacheOperations['inspect']>>;

export function cacheOrders(
  purges: Pick<Purges, 'purge'>,
  nodes: () => readonly Node[],
  sharesInRedis: boolean,
): CacheOperations {
  return {
    async purge(order) {
      const outcome = await purges.purge(order);
      return sharesInRedis && outcome.obeyed.length > 0 ? { ...outcome, later: HEARD_LATER } : outcome;
    },
    async inspect(request) {
      const results = await Promise.all(nodes().map((node) => inspectOne(node, request)));
      return { nodes: results.flatMap((one) => one.nodes), missing: results.flatMap(({ missing }) => missing) };
    },
  };
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
  'Nodes that use this Redis and are not of this weir up find nothing of it there, and give up what is in their own memory when they ' +
  'hear of it in Redis: within some 250 ms, or when they reach it again. They do not acknowledge it.';

/** Between two processes it has the name that it is called by without one. */
function nameOf(node: Node): string {
  const { pid } = node.look();
  return pid === null ? 'node' : `node-${pid}`;
}
