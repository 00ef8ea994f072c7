/**
 * What the timeout doctor of a node has seen and concluded: on the metrics port's `/doctor`, and in `weir doctor`.
 * Plain data without headers, bodies or secrets; all times are milliseconds. Written by node/doctor, read by control.
 */
import type { TimerName } from '../http/failures.js';
import type { Advice } from './advice.js';

/** The five causes of a timeout; every one is filed under exactly one of them. */
export const causes = [
  'server overload',
  'network latency',
  'resource limits',
  'wrong configuration',
  'API design',
] as const;
export type Cause = (typeof causes)[number];

/** `client` is no timer of ours: the client left while it waited, so a timer of its own had fired. */
export type WatchedTimer = TimerName | 'client';

/** One timeout, or one answer that came with less than a fifth of a limit left, and what surrounded it. */
export interface TimeoutRecord {
  readonly atWallMs: number;
  readonly kind: 'fired' | 'near';
  readonly requestId: string;
  readonly method: string;
  readonly route: string;
  /** Empty where no attempt was made. */
  readonly upstream: string;
  readonly target: string;
  readonly timer: WatchedTimer;
  /** 0 where the limit is the client's own secret. */
  readonly limitMs: number;
  /** Of that limit. */
  readonly elapsedMs: number;
  /** Durations of the phases of the attempt that this is about, by name; those that were skipped are missing. */
  readonly phases: Readonly<Record<string, number>>;
  /** Attempts at the target when that one began, itself included; 0 where none was made. */
  readonly inFlightBefore: number;
  /** The first sixteen. */
  readonly attempts: readonly AttemptSeen[];
  /** Waited for a place, in all attempts. */
  readonly queueMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** The route's `total`, and what the client asked for where that is less. */
  readonly deadline: { readonly routeMs: number; readonly clientMs: number | null };
  /** This node: exchanges of the route in flight, and how late its event loop runs. */
  readonly node: { readonly inFlight: number; readonly loopDelayMs: number; readonly loopBusy: number };
  /** Null without an upstream. */
  readonly asked: UpstreamSeen | null;
  readonly targetState: TargetSeen | null;
  /** The other targets of the upstream, sixteen at most. */
  readonly peers: readonly TargetSeen[];
  readonly latency: RouteLatency;
  readonly settings: SettingsSeen;
}

export interface AttemptSeen {
  readonly target: string;
  /** Why it was made: retry, hedge or fallback; null for the first. */
  readonly cause: string | null;
  readonly phases: Readonly<Record<string, number>>;
  /** 0: no answer. */
  readonly status: number;
  /** Failure code, or null. */
  readonly failure: string | null;
  readonly timer: TimerName | null;
}

/** The upstream as a whole, and the pool of the target. */
export interface UpstreamSeen {
  readonly targets: number;
  readonly inFlight: number;
  /** Requests at once that are allowed now, null: no limit; and requests that wait for their place. */
  readonly limit: number | null;
  readonly queued: number;
  /** Connections to the target: open now, and at most; and requests that wait for one. */
  readonly connections: number;
  readonly connectionsMax: number;
  readonly waiting: number;
}

export interface TargetSeen {
  readonly target: string;
  readonly inFlight: number;
  /** What its balancer believes that the next request costs. */
  readonly cost: number;
  readonly standing: 'well' | 'trial' | 'out';
  readonly reason: string;
  /** Attempts of the last half to whole minute, whatever their route: answered, cut by a timer, and the mean first byte. */
  readonly answered: number;
  readonly timedOut: number;
  readonly meanMs: number;
  /** Since its last answer to anyone, when the record was made; null: there was none that is remembered. */
  readonly silentMs: number | null;
  /** Attempts that a timer has cut since that. */
  readonly cutInARow: number;
}

/** Of answers without a failure; zeros where there were none. */
export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** The last half to whole minute, and the time before it, which counts less the longer ago it is. */
export interface RouteLatency {
  readonly firstByte: { readonly now: Latency; readonly before: Latency };
  readonly total: { readonly now: Latency; readonly before: Latency };
}

/** Settings that bear on the cure. */
export interface SettingsSeen {
  readonly firstByteMs: number;
  /** 0: none. */
  readonly attemptMs: number;
  readonly retries: number;
  readonly hedge: boolean;
  readonly protect: boolean;
  /** Whether requests may become jobs. */
  readonly async: boolean;
  readonly probe: boolean;
  /** 0: latency is not compared. */
  readonly latencyFactor: number;
  readonly concurrency: 'none' | 'adaptive' | 'fixed';
}

/** What would cure it: a change of the config, or of something that no config holds. */
export type Change =
  | { readonly kind: 'config'; readonly path: string; readonly from: string; readonly to: string }
  | { readonly kind: 'advice'; readonly text: string };

export interface Verdict {
  readonly cause: Cause;
  /** Name of the rule that decided. */
  readonly rule: string;
  /** `guess`: nothing speaks against it, and little for it. */
  readonly certainty: 'clear' | 'likely' | 'guess';
  /** Sentences, made of the numbers of the record. */
  readonly evidence: readonly string[];
  readonly changes: readonly Change[];
}

/** Everything that was filed the same way: same route, timer, kind and rule, and same target where one is to blame. */
export interface DoctorCase {
  readonly route: string;
  readonly upstream: string;
  /** Empty where the case is not about one target. */
  readonly target: string;
  readonly timer: WatchedTimer;
  readonly kind: 'fired' | 'near';
  readonly count: number;
  readonly firstWallMs: number;
  readonly lastWallMs: number;
  /** Of the latest record. */
  readonly verdict: Verdict;
  /** The worst first, five at most. */
  readonly examples: readonly TimeoutRecord[];
}

export interface DoctorReport {
  readonly sinceWallMs: number;
  readonly nowWallMs: number;
  /** Worst first. */
  readonly cases: readonly DoctorCase[];
  /** Cases that were forgotten because there were too many. */
  readonly forgotten: number;
  /** How calls could be fewer and answers smaller, what saves most first. Left out by nodes of before it. */
  readonly advice?: readonly Advice[];
}
