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
import type { SpendAnswer, SpendCounter, StrictAnswer, StrictAsk, StrictCounts, StrictLoss } from './strict-counter.js';

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

export function createRedisCounter({ url, clock, timers, random, digest }: RedisCounterParts): SpendCounter {
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
  const run: Run = async (script, keys, args, withinMs, read) => {
    lastWithinMs = withinMs;
    const startedAtMs = clock.nowMs();
    try {
      if (link === null) return 'away';
      return read(await link.script(script, keys, args, withinMs)) ?? 'broken';
    } catch (error) {
      if (error instanceof LinkError) return lossOf[error.problem];
      throw error;
    } finally {
      waitedMs += clock.nowMs() - startedAtMs;
    }
  };
  return {
    digest,
    ...spending(run, (outcome) => {
      outcomes[outcome] += 1;
    }),
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

/** `read` makes of what was said an answer, or null of what makes no sense. */
type Run = <Answer>(
  script: LimitScript,
  keys: readonly string[],
  args: readonly (string | number)[],
  withinMs: number,
  read: (said: unknown) => Answer | null,
) => Promise<Answer | StrictLoss>;

function spending(
  run: Run,
  note: (outcome: keyof StrictCounts['outcomes']) => void,
): Pick<SpendCounter, 'reserve' | 'settle'> {
  return {
    async reserve(id, spends, holdMs, withinMs) {
      const args = spends.flatMap(({ amount, limit, expiresInMs }) => [amount, limit, Math.ceil(expiresInMs)]);
      const keys = spends.flatMap(spendKeys);
      const answer = await run('reserve', keys, [id, Math.ceil(holdMs), ...args], withinMs, (said) =>
        readSpends(said, spends.length),
      );
      note(typeof answer === 'string' ? answer : answer.every((one) => one.allowed) ? 'allowed' : 'refused');
      return answer;
    },
    async settle(id, spent, withinMs) {
      const args = spent.flatMap(({ amount, real, expiresInMs }) => [amount, real, Math.ceil(expiresInMs)]);
      const answer = await run('settle', spent.flatMap(spendKeys), [id, SETTLED_MS, ...args], withinMs, (said) =>
        said === 1 ? 'done' : null,
      );
      return answer === 'done' ? null : answer;
    },
  };
}

/** For so long a settlement that is sent again is known to be one. */
const SETTLED_MS = 120_000;

const spendKeys = ({ key }: { readonly key: string }): string[] => [limitKey(key), `${limitKey(key)}:r`];

/** Three numbers of each budget. */
function readSpends(said: unknown, spends: number): SpendAnswer[] | null {
  if (!Array.isArray(said) || said.length !== 3 * spends || !said.every(isNumber)) return null;
  return Array.from({ length: spends }, (_, i): SpendAnswer => {
    const [allowed = 0, left = 0, held = 0] = said.slice(3 * i, 3 * i + 3);
    return { allowed: allowed === 1, left, held };
  });
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
