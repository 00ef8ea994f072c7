/** What a route waits for at most, after inheritance, and which of its timers are learnt. Pure. */
import {
  type GatewayTimeouts,
  type LearntTimer,
  type TimeoutOverrides,
  timeoutDefaults,
} from '@weir/proto/config/timeouts.js';
import type { LearntLimitSpec } from '@weir/proto/snapshot/resilience.js';
import type { RouteTimeouts } from '@weir/proto/snapshot/snapshot.js';

/** Gateway → upstream → route: the last level that says something about a timer decides. */
export function effectiveTimeouts(
  gateway: GatewayTimeouts,
  ...overrides: readonly (TimeoutOverrides | undefined)[]
): RouteTimeouts {
  const levels = [timeoutDefaults, gateway, ...overrides];
  const pick = (name: keyof TimeoutOverrides): number =>
    levels.reduce((stated, level) => statedMs(level?.[name]) ?? stated, 0);
  /** The last level that says something decides whether it is learnt; what the levels state bounds it. */
  const learn = (name: 'firstByte' | 'attempt'): LearntLimitSpec | null => {
    const decisive = levels.findLast((level) => level?.[name] !== undefined)?.[name];
    // An attempt without a limit is bounded by `total`.
    return typeof decisive === 'object' ? learntLimit(decisive, pick(name) || pick('total')) : null;
  };
  return {
    totalMs: pick('total'),
    queueMs: pick('queue'),
    connectMs: pick('connect'),
    tlsMs: pick('tls'),
    sendMs: pick('send'),
    firstByteMs: pick('firstByte'),
    idleMs: pick('idle'),
    attemptMs: pick('attempt'),
    firstByteLearnt: learn('firstByte'),
    attemptLearnt: learn('attempt'),
  };
}

function statedMs(limit: number | LearntTimer | undefined): number | undefined {
  return typeof limit === 'number' ? limit : undefined;
}

/** Below this a pause of the event loop, ours or the upstream's, would pass for an upstream that does not answer. */
const LEARNT_MIN_MS = 100;

function learntLimit({ quantile, factor, min, max, cold }: LearntTimer, replacedMs: number): LearntLimitSpec {
  const maxMs = max ?? replacedMs;
  const minMs = Math.min(min ?? LEARNT_MIN_MS, maxMs);
  const coldMs = Math.min(maxMs, Math.max(minMs, cold ?? replacedMs));
  return { kind: 'adaptive', quantile, factor, minMs, maxMs, coldMs };
}
