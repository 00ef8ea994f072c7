/**
 * Counts strict limits in Redis, with one script for all that a request asks at once. The one place on the way of a request that
 * waits for Redis besides the cache, so the wait has a limit of a few milliseconds, and where there is no connection that is used
 * (redis/link-state.ts) there is no wait at all. Owns its connection: look-ups of the cache would stand before it.
 *
 * What was given up as late may have been counted all the same, which errs on the side of the limit.
 */

import { LinkError, type LinkProblem, RedisLink } from '../redis/redis-link.js';
import type { Clock, Random, Timers } from '../time/clock.js';
import type { LimitVerdict } from './limiter.js';
import { type LimitScript, limitKey, limitScripts } from './redis-scripts.js';
import type { StrictAnswer, StrictAsk, StrictCounter, StrictCounts, StrictLoss } from './strict-counter.js';

export interface RedisCounterParts {
  /** redis:// or rediss://, with what credentials it needs. */
  readonly url: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly digest: (text: string) => string;
}

const lossOf: Readonly<Record<LinkProblem, StrictLoss>> = {
  ...{ away: 'away', late: 'late', busy: 'busy' },
  ...{ full: 'broken', malformed: 'broken' },
};
/** A new connection is used when it has answered within what a request waited last; before the first, within this. */
const FIRST_WITHIN_MS = 10;

export function createRedisCounter({ url, clock, timers, random, digest }: RedisCounterParts): StrictCounter {
  let link: RedisLink<LimitScript> | null = null;
  let lastWithinMs = FIRST_WITHIN_MS;
  let waitedMs = 0;
  const outcomes = { allowed: 0, refused: 0, away: 0, late: 0, busy: 0, broken: 0 } satisfies StrictCounts['outcomes'];
  const lost = (loss: StrictLoss): StrictAnswer => {
    outcomes[loss] += 1;
    return { ok: false, loss };
  };
  const ask = async (asks: readonly StrictAsk[], withinMs: number): Promise<StrictAnswer> => {
    try {
      if (link === null) return lost('away');
      const keys = asks.map(({ key }) => limitKey(key));
      const said = await link.script('take', keys, asks.flatMap(argumentsOf), withinMs);
      const verdicts = readVerdicts(said, asks.length);
      if (verdicts === null) return lost('broken');
      outcomes[verdicts.every(({ allowed }) => allowed) ? 'allowed' : 'refused'] += 1;
      return { ok: true, verdicts };
    } catch (error) {
      if (error instanceof LinkError) return lost(lossOf[error.problem]);
      throw error;
    }
  };
  return {
    digest,
    open() {
      link ??= new RedisLink<LimitScript>({
        ...{ url, clock, timers, random, scripts: limitScripts },
        answerWithinMs: () => lastWithinMs,
        greet: async () => {},
      });
    },
    async take(asks, withinMs) {
      lastWithinMs = withinMs;
      const startedAtMs = clock.nowMs();
      const answer = await ask(asks, withinMs);
      waitedMs += clock.nowMs() - startedAtMs;
      return answer;
    },
    counts: () => (link === null ? null : { outcomes: { ...outcomes }, waitedMs, isReachable: link.isClosed }),
    close: () => link?.close(),
  };
}

function argumentsOf({ requests, periodMs, burst }: StrictAsk): number[] {
  return [requests, periodMs * 1_000, burst];
}

/** Four numbers of each limit; anything else is not what the script says. */
function readVerdicts(said: unknown, limits: number): LimitVerdict[] | null {
  if (!Array.isArray(said) || said.length !== 4 * limits || !said.every(isNumber)) return null;
  return Array.from({ length: limits }, (_, i): LimitVerdict => {
    const [allowed = 0, remaining = 0, resetUs = 0, retryUs = 0] = said.slice(4 * i, 4 * i + 4);
    return { allowed: allowed === 1, remaining, resetMs: resetUs / 1_000, retryAfterMs: retryUs / 1_000 };
  });
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}
