/**
 * The time of Redis, which all nodes share, and the monotonic one of this node. An answer says what time it was in Redis at
 * some moment between question and answer; both ends of that are kept, and used so that a response is rather too old by
 * the time that an answer takes than too young. Pure.
 */

export interface RedisTime {
  /** Milliseconds of Redis less those of this node: at least, and at most. */
  readonly aheadMinMs: number;
  readonly aheadMaxMs: number;
}

export function redisTime(redisMs: number, sentAtMs: number, answeredAtMs: number): RedisTime {
  return { aheadMinMs: redisMs - answeredAtMs, aheadMaxMs: redisMs - sentAtMs };
}

/** The earliest that it may be there. */
export const toRedisMs = (atMs: number, time: RedisTime): number => atMs + time.aheadMinMs;

/** The earliest that it may have been here, and never in the future. */
export const fromRedisMs = (redisMs: number, time: RedisTime, nowMs: number): number =>
  Math.min(nowMs, redisMs - time.aheadMaxMs);
