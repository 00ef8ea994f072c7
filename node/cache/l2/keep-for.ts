/** How long a stored response is worth its place in Redis: as long as anything may be done with it, within a bound. Pure. */
import { remainingMs, type Stored } from '../stored.js';

/** What is stale sooner is not worth the way. */
export const KEEP_MIN_MS = 1_000;

/** 0: not at all. */
export function keepForMs(stored: Stored, nowMs: number, keepMaxMs: number): number {
  const { staleWhileRevalidateMs, staleIfErrorMs, alwaysAsks } = stored.reuse;
  // Asked about before each use, it saves its body as long as it would have been fresh.
  const staleMs = alwaysAsks ? 0 : Math.max(staleWhileRevalidateMs, staleIfErrorMs);
  const ms = Math.floor(Math.min(remainingMs(stored, nowMs) + staleMs, keepMaxMs));
  return ms < KEEP_MIN_MS ? 0 : ms;
}
