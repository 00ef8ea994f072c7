/** Cures as config diffs: the path as a person would name it, what stands there, and what should. Pure. */
import type { Change, TimeoutRecord, WatchedTimer } from '@weir/proto/events/doctor.js';

/** Few clients have a limit below this. */
const HAND_OVER_MS = 5_000;

export function advice(text: string): Change {
  return { kind: 'advice', text };
}

function config(path: string, from: string, to: string): Change {
  return { kind: 'config', path, from, to };
}

/** `routes[id=report].timeouts.firstByte: 2s → 45s`; listener timers are the gateway's alone. */
export function timerTo(record: TimeoutRecord, timer: WatchedTimer, fromMs: number, toMs: number): Change {
  const ofGateway = timer === 'clientHeaders' || timer === 'clientBody' || timer === 'clientIdle' || timer === 'drain';
  const level = ofGateway ? 'gateway' : `routes[id=${record.route}]`;
  return config(`${level}.timeouts.${timer}`, fromMs === 0 ? 'none' : inWords(fromMs), inWords(toMs));
}

/**
 * Raises a limit to hold `neededMs` with half as much to spare, and `total` with it where that would cut first.
 */
export function raise(record: TimeoutRecord, timer: WatchedTimer, neededMs: number): Change[] {
  const toMs = roundUp(neededMs * 1.5);
  if (timer === 'client') return [advice(`let the client wait for ${inWords(toMs)} at least`)];
  const changes = [timerTo(record, timer, record.limitMs, toMs)];
  const { routeMs } = record.deadline;
  const isInside = timer === 'firstByte' || timer === 'attempt' || timer === 'connect' || timer === 'tls';
  if (isInside && routeMs > 0 && routeMs < toMs) changes.push(timerTo(record, 'total', routeMs, roundUp(toMs * 1.2)));
  return changes;
}

export function ofRoute(record: TimeoutRecord, path: string, from: string, to: string): Change {
  return config(`routes[id=${record.route}].${path}`, from, to);
}

export function ofUpstream(record: TimeoutRecord, path: string, from: string, to: string): Change {
  return config(`upstreams[id=${record.upstream}].${path}`, from, to);
}

/** What lets a request be answered by another target than the one that is slow, as far as it is not on yet. */
export function goAround(record: TimeoutRecord, isSafe: boolean): Change[] {
  const { hedge, retries } = record.settings;
  if (isSafe && !hedge) return [ofRoute(record, 'hedge', 'false', 'true')];
  return retries === 0 ? [ofRoute(record, 'retry', 'false', 'true')] : [];
}

/**
 * Answers 202 while clients still wait: well before they leave, where that is known, and late enough for what is quick.
 * A request without an upstream makes no job.
 */
export function handOver(record: TimeoutRecord): Change[] {
  if (record.settings.async || record.upstream === '') return [];
  const afterMs = Math.max(1_000, Math.min(HAND_OVER_MS, Math.floor(record.elapsedMs / 2_000) * 1_000));
  return [ofRoute(record, 'async', 'false', `{ after: ${inWords(afterMs)} }`)];
}

/** By a TCP connection: a path that the targets don't know would take all of them out. */
export function probe(record: TimeoutRecord): Change[] {
  return record.settings.probe ? [] : [ofUpstream(record, 'health.probe', 'none', '{ every: 2s }')];
}

/** By any answer: what has stopped working still takes connections, for the kernel does that. */
export function probeByAnswer(record: TimeoutRecord): Change[] {
  return record.settings.probe
    ? []
    : [ofUpstream(record, 'health.probe', 'none', '{ path: /, status: 200-499, every: 2s }')];
}

/** Up to a step that a person would write: two digits at most, halves of them. */
export function roundUp(ms: number): number {
  const wholeMs = Math.max(1, Math.min(Math.ceil(ms), 86_400_000));
  const step = [10, 50, 100, 500, 1_000, 5_000, 30_000].find((each) => wholeMs <= each * 20) ?? 60_000;
  return Math.ceil(wholeMs / step) * step;
}

/** A duration for sentences and diffs, as the config reads it; rounded to what matters. */
export function inWords(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  if (ms >= 1_000) return `${Math.round(ms / 10) / 100}s`;
  return ms >= 10 ? `${Math.round(ms)}ms` : `${Math.round(ms * 10) / 10}ms`;
}
