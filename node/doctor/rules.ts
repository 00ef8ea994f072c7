/**
 * Which cause a timeout is filed under: one table, read from above, the most specific rule first; the first one that
 * holds decides. The last one always holds, so every record gets exactly one verdict.
 *
 * What the causes mean here: `server overload`, the servers have more to do than they can; `network latency`, the way
 * to them or to the client; `resource limits`, something that someone has too little of: this gateway (event loop,
 * connections, places) or one server alone; `wrong configuration`, a limit that does not fit what it bounds;
 * `API design`, a call that is too long or too large to be waited for, whatever the limit.
 */
import type { Cause, Change, Verdict, WatchedTimer } from '@weir/proto/events/doctor.js';
import * as change from './changes.js';
import { inWords } from './changes.js';
import * as told from './evidence.js';
import { BIG_BODY_BYTES, type Facts, LONG_CALL_MS } from './facts.js';

export interface Rule {
  readonly name: string;
  readonly cause: Cause;
  readonly certainty: Verdict['certainty'];
  /** Whether it is no more than a guess this time. */
  isGuess?(facts: Facts): boolean;
  /** One target is to blame, and its cases are kept apart from those of the others. */
  readonly isAboutTarget?: true;
  holds(facts: Facts): boolean;
  evidence(facts: Facts): readonly string[];
  changes(facts: Facts): readonly Change[];
}

const isOneOf =
  (...timers: readonly WatchedTimer[]) =>
  ({ record }: Facts): boolean =>
    timers.includes(record.timer);

const isQueue = isOneOf('queue');
const isOpening = isOneOf('connect', 'tls');
const isStall = isOneOf('idle', 'send');
/** Timers of the client's own doing. */
const isClientSide = isOneOf('clientHeaders', 'clientBody', 'clientIdle');
/** Timers that the time of the server's work counts in. */
const isWork = isOneOf('firstByte', 'attempt', 'total', 'client');
const bodyBytes = ({ record }: Facts): number => Math.max(record.requestBytes, record.responseBytes);

/** A limit is too tight when the slow end of what it bounds already takes this share of it. */
const TIGHT_SHARE = 0.7;
/** Connecting takes two ways and a handshake four or more: less than this no longer crosses a continent. */
const CONNECT_TIGHT_MS = 50;
const TLS_TIGHT_MS = 100;
const CLIENT_TIGHT_MS = 2_000;
const QUEUE_TIGHT_MS = 20;
/** Answers are quick but for a few: the slow end is below this share of the limit. */
const TAIL_SHARE = 0.5;
/** More than this share of attempts that are cut are not a few. */
const FEW_SHARE = 0.25;

const ours: readonly Rule[] = [
  {
    name: 'event-loop-late',
    cause: 'resource limits',
    certainty: 'clear',
    holds: ({ loopLate }) => loopLate,
    evidence: told.eventLoop,
    changes: () => [change.advice('give this node a core of its own, or run another node beside it')],
  },
  {
    name: 'client-transfers-much',
    cause: 'API design',
    certainty: 'likely',
    holds: (facts) => isClientSide(facts) && bodyBytes(facts) >= BIG_BODY_BYTES,
    evidence: told.bodies,
    changes: () => [change.advice('move large bodies in parts: ranges, pages, resumable uploads')],
  },
  {
    name: 'client-limit-tight',
    cause: 'wrong configuration',
    certainty: 'likely',
    holds: (facts) => isClientSide(facts) && facts.record.limitMs < CLIENT_TIGHT_MS,
    evidence: ({ record }) => [`clients are given ${inWords(record.limitMs)}, which a phone on the move often needs`],
    changes: ({ record }) => [change.timerTo(record, record.timer, record.limitMs, 10_000)],
  },
  {
    name: 'client-way-slow',
    cause: 'network latency',
    certainty: 'likely',
    holds: isClientSide,
    evidence: told.clientStalled,
    changes: () => [change.advice('look at the way between the clients and this gateway')],
  },
  {
    name: 'drain-cuts-long-calls',
    cause: 'API design',
    certainty: 'likely',
    holds: (facts) => isOneOf('drain')(facts) && facts.usualTotalMs >= LONG_CALL_MS,
    evidence: told.usually,
    changes: told.splitTheCall,
  },
  {
    name: 'drain-too-short',
    cause: 'wrong configuration',
    certainty: 'likely',
    holds: isOneOf('drain'),
    evidence: told.usually,
    changes: ({ record }) => change.raise(record, 'drain', Math.max(record.limitMs, record.elapsedMs)),
  },
];

const design: readonly Rule[] = [
  {
    name: 'long-call',
    cause: 'API design',
    certainty: 'clear',
    holds: (facts) => isWork(facts) && facts.usualTotalMs >= LONG_CALL_MS && !facts.risen,
    evidence: told.usually,
    changes: told.splitTheCall,
  },
  {
    name: 'large-body',
    cause: 'API design',
    certainty: 'clear',
    holds: (facts) => (isWork(facts) || isStall(facts)) && bodyBytes(facts) >= BIG_BODY_BYTES && !facts.risen,
    evidence: told.bodies,
    changes: () => [change.advice('move large bodies in parts: ranges, pages, resumable uploads, or compressed')],
  },
  {
    name: 'client-deadline-short',
    cause: 'wrong configuration',
    certainty: 'clear',
    holds: ({ record, usualTotalMs, risen }) =>
      record.timer === 'total' &&
      record.deadline.clientMs !== null &&
      record.deadline.clientMs < usualTotalMs &&
      !risen,
    evidence: told.clientDeadline,
    changes: ({ record, usualTotalMs }) => [
      change.advice(
        `clients ask for an answer within ${inWords(record.deadline.clientMs ?? 0)}; have them ask for ${inWords(change.roundUp(usualTotalMs * 2))}`,
      ),
    ],
  },
  {
    name: 'client-patience-short',
    cause: 'wrong configuration',
    certainty: 'likely',
    holds: ({ record, usualTotalMs, risen }) => record.timer === 'client' && record.elapsedMs < usualTotalMs && !risen,
    evidence: told.usually,
    changes: ({ record, usualTotalMs }) => change.raise(record, 'client', usualTotalMs),
  },
];

const places: readonly Rule[] = [
  {
    name: 'queue-behind-slow-servers',
    cause: 'server overload',
    certainty: 'clear',
    holds: (facts) => isQueue(facts) && (facts.risen || facts.saysBusy > 0),
    evidence: (facts) => [...told.places(facts), ...told.load(facts)],
    changes: told.shed,
  },
  {
    name: 'pool-full',
    cause: 'resource limits',
    certainty: 'clear',
    holds: (facts) => isQueue(facts) && told.isPoolFull(facts),
    evidence: told.places,
    changes: ({ record }) => {
      const max = record.asked?.connectionsMax ?? 0;
      return [change.ofUpstream(record, 'pool.connections', String(max), String(Math.min(65_535, max * 4)))];
    },
  },
  {
    name: 'limit-reached',
    cause: 'resource limits',
    certainty: 'clear',
    holds: (facts) => isQueue(facts) && told.isLimitReached(facts),
    evidence: told.places,
    changes: ({ record }) => [change.ofUpstream(record, 'concurrency', String(record.asked?.limit ?? 0), 'adaptive')],
  },
  {
    name: 'queue-limit-tight',
    cause: 'wrong configuration',
    certainty: 'likely',
    holds: (facts) =>
      isQueue(facts) && facts.record.limitMs < Math.max(QUEUE_TIGHT_MS, Math.min(facts.usualFirstByteMs, 1_000)),
    evidence: (facts) => [...told.places(facts), ...told.usually(facts)],
    changes: ({ record, usualFirstByteMs }) => change.raise(record, 'queue', Math.max(100, usualFirstByteMs)),
  },
  {
    name: 'queue-long',
    cause: 'server overload',
    certainty: 'likely',
    holds: isQueue,
    evidence: (facts) => [...told.places(facts), ...told.load(facts)],
    changes: told.shed,
  },
];

const way: readonly Rule[] = [
  {
    name: 'connect-limit-tight',
    cause: 'wrong configuration',
    certainty: 'likely',
    holds: (facts) =>
      isOpening(facts) &&
      facts.record.limitMs <= (facts.record.timer === 'tls' ? TLS_TIGHT_MS : CONNECT_TIGHT_MS) &&
      !facts.risen,
    evidence: ({ record }) => [
      `${record.timer} may take ${inWords(record.limitMs)}, which is less than a way across a continent and back needs`,
    ],
    changes: ({ record }) => change.raise(record, record.timer, record.timer === 'tls' ? 1_300 : 650),
  },
  {
    name: 'one-target-unreachable',
    cause: 'network latency',
    certainty: 'clear',
    isAboutTarget: true,
    holds: (facts) => isOpening(facts) && facts.oneTarget,
    evidence: told.peersWell,
    changes: ({ record, isSafe }) => [...change.probe(record), ...change.goAround(record, isSafe)],
  },
  {
    name: 'accepts-slowly',
    cause: 'server overload',
    certainty: 'likely',
    holds: (facts) => isOpening(facts) && (facts.risen || facts.busy || facts.saysBusy > 0),
    evidence: told.load,
    changes: told.shed,
  },
  {
    name: 'way-to-all-blocked',
    cause: 'network latency',
    certainty: 'likely',
    holds: isOpening,
    evidence: told.nobodyConnects,
    changes: ({ record }) => [
      change.advice('look for a firewall that drops, a wrong address, or a long way between gateway and targets'),
      ...change.probe(record),
    ],
  },
  {
    name: 'way-takes-most',
    cause: 'network latency',
    certainty: 'clear',
    holds: (facts) => isWork(facts) && facts.wayMs >= facts.record.elapsedMs / 2 && facts.wayMs > 0,
    evidence: told.wayTook,
    changes: () => [change.advice('bring gateway and targets closer, or keep connections open longer (pool.idle)')],
  },
  {
    name: 'stalls-under-load',
    cause: 'server overload',
    certainty: 'likely',
    holds: (facts) => isStall(facts) && (facts.risen || facts.saysBusy > 0),
    evidence: told.load,
    changes: told.shed,
  },
  {
    // Heads pass and bodies do not: what a black hole for large packets looks like (RFC 4821), or a link that loses many.
    name: 'flow-stops',
    cause: 'network latency',
    certainty: 'likely',
    isAboutTarget: true,
    holds: isStall,
    evidence: told.flowStopped,
    changes: ({ record, isSafe }) => [
      ...(record.timer === 'idle' && !record.settings.protect
        ? [change.ofRoute(record, 'protect', 'false', 'true')]
        : []),
      ...change.goAround(record, isSafe),
      change.advice(`look for lost packets and the path MTU between this gateway and ${record.target || 'the target'}`),
    ],
  },
];

const work: readonly Rule[] = [
  {
    name: 'server-says-busy',
    cause: 'server overload',
    certainty: 'clear',
    holds: ({ saysBusy }) => saysBusy > 0,
    evidence: told.load,
    changes: told.shed,
  },
  {
    name: 'no-time-to-retry',
    cause: 'wrong configuration',
    certainty: 'clear',
    holds: ({ record, oneTarget, risen }) =>
      record.timer === 'total' &&
      record.settings.retries > 0 &&
      oneTarget &&
      !risen &&
      told.attemptLimitMs(record) >= 0.6 * record.limitMs,
    evidence: told.noTimeToRetry,
    changes: ({ record }) => [
      change.timerTo(record, 'firstByte', record.settings.firstByteMs, change.roundUp(record.limitMs / 3)),
    ],
  },
  {
    name: 'one-target-slow',
    cause: 'resource limits',
    certainty: 'clear',
    // One cut may be chance.
    isGuess: ({ record }) => record.targetState?.standing === 'well' && record.targetState.timedOut === 1,
    isAboutTarget: true,
    holds: ({ oneTarget }) => oneTarget,
    evidence: told.peersWell,
    changes: ({ record, isSafe }) => [
      ...(record.settings.latencyFactor === 0
        ? [change.ofUpstream(record, 'health.outlier.latencyFactor', '0', '3')]
        : []),
      ...change.goAround(record, isSafe),
    ],
  },
  {
    name: 'stopped-answering',
    cause: 'resource limits',
    certainty: 'likely',
    holds: ({ stoppedAnswering }) => stoppedAnswering,
    evidence: told.silence,
    changes: ({ record, isSafe }) => [
      ...change.probeByAnswer(record),
      ...(record.peers.length === 0
        ? [change.advice('give the upstream a second target: where there is one, it alone can be asked again')]
        : change.goAround(record, isSafe)),
      change.advice('look for what the server waits for: locks, a full pool, a database, a process that is stopped'),
    ],
  },
  {
    name: 'slower-than-before',
    cause: 'server overload',
    certainty: 'clear',
    holds: ({ risen }) => risen,
    evidence: told.load,
    changes: told.shed,
  },
  {
    name: 'much-in-flight',
    cause: 'server overload',
    certainty: 'likely',
    holds: ({ busy }) => busy,
    evidence: (facts) => [...told.load(facts), ...told.usually(facts)],
    changes: told.shed,
  },
  {
    name: 'limit-near-usual',
    cause: 'wrong configuration',
    certainty: 'clear',
    holds: ({ record, slowFirstByteMs }) => record.limitMs > 0 && slowFirstByteMs >= TIGHT_SHARE * record.limitMs,
    evidence: told.usually,
    changes: ({ record, slowFirstByteMs }) =>
      change.raise(record, record.timer, Math.max(slowFirstByteMs, record.elapsedMs)),
  },
  {
    name: 'few-answers-late',
    cause: 'resource limits',
    certainty: 'likely',
    holds: ({ record, slowFirstByteMs, cutShare }) =>
      slowFirstByteMs > 0 &&
      slowFirstByteMs < TAIL_SHARE * (record.limitMs || record.elapsedMs) &&
      cutShare <= FEW_SHARE,
    evidence: told.tail,
    changes: ({ record, isSafe }) => {
      const around = change.goAround(record, isSafe);
      return around.length > 0 ? around : [change.advice('look for pauses in the servers: garbage, locks, full pools')];
    },
  },
  {
    name: 'never-answered-long',
    cause: 'API design',
    certainty: 'likely',
    holds: (facts) => told.isAliveYetSilent(facts) && facts.record.elapsedMs >= LONG_CALL_MS * 0.8,
    isGuess: told.hasShownNoLife,
    evidence: told.silentRoute,
    changes: told.splitTheCall,
  },
  {
    name: 'never-answered-in-limit',
    cause: 'wrong configuration',
    certainty: 'likely',
    holds: (facts) => told.isAliveYetSilent(facts) && facts.record.limitMs > 0,
    isGuess: told.hasShownNoLife,
    evidence: told.silentRoute,
    changes: ({ record }) => change.raise(record, record.timer, record.limitMs * 3),
  },
  {
    name: 'nothing-else-known',
    cause: 'server overload',
    certainty: 'guess',
    holds: () => true,
    evidence: told.load,
    changes: told.shed,
  },
];

export const rules: readonly Rule[] = [...ours, ...design, ...places, ...way, ...work];
