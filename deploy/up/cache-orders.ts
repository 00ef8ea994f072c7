/**
 * The cache's orders and questions, to the one node that `up` has. A process that is not there, or ends before it answers,
 * has nothing stored any more: the next one begins with an empty cache, so a purge is in force with its end.
 */
import type { CacheOperations } from '@weir/control/api/cache-api.js';
import type { Supervisor } from './supervisor.js';

export function cacheOrders(node: () => Supervisor): CacheOperations {
  return {
    async purge({ targets, isSoft }) {
      const asked = node();
      const name = nameOf(asked);
      const become = await asked.ask((number) => ({ v: 1, kind: 'cache.purge', number, targets, isSoft }));
      if (become.kind === 'failed') return { obeyed: [], missing: [{ node: name, reason: become.reason }] };
      return { obeyed: [{ node: name, ms: rounded(become.ms) }], missing: [] };
    },
    async inspect(request) {
      const asked = node();
      const name = nameOf(asked);
      const become = await asked.ask((number) => ({ v: 1, kind: 'cache.inspect', number, request }));
      if (become.kind === 'answer' && become.answer.kind === 'cache.inspected') {
        return { nodes: [{ node: name, inspection: become.answer.inspection }], missing: [] };
      }
      const reason = become.kind === 'failed' ? become.reason : 'has no process now, and so nothing stored';
      return { nodes: [], missing: [{ node: name, reason }] };
    },
  };
}

/** Between two processes it has the name that it is called by without one. */
function nameOf(node: Supervisor): string {
  const { pid } = node.look();
  return pid === null ? 'node' : `node-${pid}`;
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
