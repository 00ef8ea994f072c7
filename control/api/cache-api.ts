/**
 * The part of the admin API that is about the cache: purges, which are answered when the nodes have obeyed, and a look at
 * what is stored. An answer of 200 to a purge is a promise: no node that it names serves any more what was meant.
 */
import type { CacheInspection, InspectedRequest } from '@weir/proto/events/cache.js';
import type { FastifyInstance } from 'fastify';
import { type PurgeRequest, readInspect, readPurge } from './cache-requests.js';
import { forOperators } from './guard.js';
import { problem, sendProblem } from './problem.js';
import type { Read } from './read-request.js';

/** What became of an order, node by node. */
export interface PurgeOutcome {
  readonly obeyed: readonly {
    readonly node: string;
    readonly ms: number;
  }[];
  readonly missing: readonly MissingNode[];
  /** Those that did not acknowledge, and serve nothing that they had stored: their lease has run out. Left out: none. */
  readonly lapsed?: readonly { readonly node: string; readonly ms: number }[];
  /** Left out where it came to none of them. */
  readonly steps?: PurgeSteps;
  /** Other nodes that are not asked, and when they hear of it; left out where there can be none. */
  readonly later?: string;
}

/** Milliseconds after which each was done, as those of nodes are counted. */
export interface PurgeSteps {
  /** Redis was told; null: it was not, for there is none, or `missing` says why. */
  readonly redisMs: number | null;
  /** The log had acknowledged the entry; nodes may have obeyed before. */
  readonly logMs: number;
  /** It was known that it still is the same log; null: it never was. */
  readonly confirmedMs: number | null;
}

/** One that has not answered, and why. */
export interface MissingNode {
  readonly node: string;
  readonly reason: string;
}

export interface InspectOutcome {
  readonly nodes: readonly { readonly node: string; readonly inspection: CacheInspection }[];
  readonly missing: readonly MissingNode[];
}

/** Neither rejects; both are bounded in time. */
export interface CacheOperations {
  purge(request: PurgeRequest): Promise<PurgeOutcome>;
  inspect(request: InspectedRequest): Promise<InspectOutcome>;
}

/** As many tags as one purge may name, as long as they may be. */
const BODY_BYTES_MAX = 128 * 1024;

export function addCacheApi(server: FastifyInstance, cache: CacheOperations): void {
  server.post(
    '/cache/purge',
    { bodyLimit: BODY_BYTES_MAX, config: forOperators('cache', 'write') },
    async (request, reply) => {
      const asked = readPurge(request.body);
      if (!asked.ok) return sendProblem(reply, unreadable(asked));
      const outcome = await cache.purge(asked.value);
      const detail = whyNotAll(outcome.missing, outcome.obeyed.length);
      return detail === null ? outcome : sendProblem(reply, problem(504, 'Not Purged Everywhere', detail, outcome));
    },
  );
  server.post(
    '/cache/inspect',
    { bodyLimit: BODY_BYTES_MAX, config: forOperators('cache', 'read') },
    async (request, reply) => {
      const asked = readInspect(request.body);
      if (!asked.ok) return sendProblem(reply, unreadable(asked));
      const outcome = await cache.inspect(asked.value);
      const detail = whyNotAll(outcome.missing, outcome.nodes.length);
      return detail === null ? outcome : sendProblem(reply, problem(504, 'Not All Nodes Answered', detail, outcome));
    },
  );
}

const unreadable = ({ detail }: Read<never> & { readonly ok: false }) => problem(400, 'Bad Request', detail);

function whyNotAll(missing: readonly MissingNode[], answered: number): string | null {
  if (missing.length === 0) return null;
  const whole = missing.length + answered;
  return `${missing.length} of ${whole} ${whole === 1 ? 'node' : 'nodes'}: ${missing[0]?.node} ${missing[0]?.reason}.`;
}
