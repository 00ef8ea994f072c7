/** What a verdict says: sentences made of the numbers of a record, and the cures that several rules share. Pure. */
import type { Change, TimeoutRecord } from '@weir/proto/events/doctor.js';
import { CONCURRENCY_DEFAULTS } from '@weir/proto/snapshot/resilience.js';
import * as change from './changes.js';
import { inWords } from './changes.js';
import type { Facts } from './facts.js';

type Told = readonly string[];

const MIB = 1024 * 1024;
/** An adaptive limit starts between these, unless told otherwise. */
const { limitMin: START_MIN, limitMax: START_MAX } = CONCURRENCY_DEFAULTS;

export function eventLoop({ record }: Facts): Told {
  const { loopDelayMs, loopBusy } = record.node;
  return [
    `the event loop of this gateway runs up to ${inWords(loopDelayMs)} late and is busy ${Math.round(loopBusy * 100)} % of the time`,
    `${record.node.inFlight} requests of this route are in flight here`,
  ];
}

export function bodies({ record }: Facts): Told {
  const { requestBytes, responseBytes, elapsedMs } = record;
  const mib = (bytes: number): string => `${Math.round((bytes / MIB) * 10) / 10} MiB`;
  return [`${mib(requestBytes)} were sent and ${mib(responseBytes)} received within ${inWords(elapsedMs)}`];
}

export function clientStalled({ record }: Facts): Told {
  return [
    `for ${inWords(record.limitMs)} the client moved nothing, while this gateway was ready`,
    `the event loop of this gateway runs at most ${inWords(record.node.loopDelayMs)} late`,
  ];
}

/** How long answers take, where that is known. */
export function usually(facts: Facts): Told {
  const { record, usualTotalMs, usualFirstByteMs, slowFirstByteMs, answers } = facts;
  const said: string[] = [];
  if (usualFirstByteMs > 0) {
    said.push(
      `answers of this route usually begin after ${inWords(usualFirstByteMs)}, 95 of 100 within ${inWords(slowFirstByteMs)} (${answers} lately)`,
    );
  }
  if (usualTotalMs > 0) said.push(`whole answers usually take ${inWords(usualTotalMs)}`);
  if (record.limitMs > 0) said.push(`the ${record.timer} limit is ${inWords(record.limitMs)}`);
  else said.push(`the client left after ${inWords(record.elapsedMs)}`);
  if (record.asked !== null)
    said.push(`${record.asked.inFlight} attempts were in flight at ${record.asked.targets} target(s)`);
  return said;
}

export function clientDeadline({ record, usualTotalMs }: Facts): Told {
  return [
    `the client gave ${inWords(record.deadline.clientMs ?? 0)}, the route would give ${inWords(record.deadline.routeMs)}`,
    `answers of this route usually take ${inWords(usualTotalMs)}`,
  ];
}

/** A call that nobody should wait for: nothing in the config shortens it. */
export function splitTheCall({ record, usualTotalMs }: Facts): Change[] {
  const tookMs = Math.max(usualTotalMs, record.elapsedMs);
  const cure = change.advice(
    'split the call, stream its answer from the start, or have clients ask for the result later (RFC 7240 respond-async)',
  );
  const cures = [...change.handOver(record), cure];
  // Until that is done, a limit that holds the call helps those who can wait.
  const canRaise = record.timer !== 'client' && record.limitMs > 0 && usualTotalMs * 1.2 > record.limitMs;
  return canRaise ? [...cures, ...change.raise(record, record.timer, tookMs)] : cures;
}

export function isPoolFull({ record: { asked } }: Facts): boolean {
  return asked !== null && asked.connectionsMax > 0 && asked.connections >= asked.connectionsMax;
}

/** A place may have become free in the moment in which its request gave up; whoever waits shows that it is rare. */
export function isLimitReached({ record: { asked, settings } }: Facts): boolean {
  if (asked === null || asked.limit === null || settings.concurrency !== 'fixed') return false;
  return asked.queued > 0 || asked.inFlight >= asked.limit;
}

export function places(facts: Facts): Told {
  const { record, usualFirstByteMs } = facts;
  const said = [`a request waited ${inWords(record.elapsedMs)} for a place`];
  const { asked } = record;
  if (asked === null) return said;
  if (isPoolFull(facts))
    said.push(
      `${asked.connections} of ${asked.connectionsMax} connections are open, and ${asked.waiting} requests wait`,
    );
  if (asked.limit !== null)
    said.push(`${asked.inFlight} of ${asked.limit} requests at once are in flight, ${asked.queued} wait`);
  if (usualFirstByteMs > 0 && !facts.risen)
    said.push(`answers still begin after ${inWords(usualFirstByteMs)}, as before`);
  return said;
}

export function silence({ record }: Facts): Told {
  const { targetState, peers, asked, target } = record;
  const said = [
    `${target} took the request and has answered nobody for ${inWords(targetState?.silentMs ?? 0)}, while ${asked?.inFlight ?? 0} attempts were in flight`,
  ];
  if (peers.length > 0) said.push(`neither has any of its ${peers.length} peer(s)`);
  else if (record.attempts.length > 1)
    said.push(`it has no peer, so all ${record.attempts.length} attempts went to it`);
  return said;
}

export function load(facts: Facts): Told {
  const { record, saysBusy, risen } = facts;
  const { now, before } = record.latency.firstByte;
  const said: string[] = [];
  if (saysBusy > 0) said.push(`a target answered ${saysBusy}: it has more to do than it can`);
  if (risen && now.count > 0)
    said.push(`answers begin after ${inWords(now.p50Ms)} now, after ${inWords(before.p50Ms)} before`);
  else if (risen) said.push(`answers began after ${inWords(before.p50Ms)} before; now hardly any come`);
  if (record.asked !== null) {
    const { inFlight, targets } = record.asked;
    const before =
      record.inFlightBefore > inFlight / targets ? `, ${record.inFlightBefore} at its own when it began` : '';
    said.push(`${inFlight} attempts are in flight at ${targets} target(s)${before}`);
  }
  const all = record.targetState === null ? record.peers : [record.targetState, ...record.peers];
  const cut = all.filter(({ timedOut }) => timedOut > 0).length;
  if (cut > 1) said.push(`timers cut attempts at ${cut} of ${all.length} targets lately`);
  if (said.length === 0) said.push('no attempt was made, and nothing else is known');
  return said;
}

/**
 * Ask the servers only what they can do; the rest waits, is refused at once, or goes to more of them. An adaptive limit
 * holds nothing back before it has seen an upstream overrun, so a burst needs one to start from: half of what was too much.
 */
export function shed({ record }: Facts): Change[] {
  const more = change.advice('add targets, or make the work cheaper');
  const { asked, settings, inFlightBefore } = record;
  if (asked === null || settings.concurrency === 'fixed') return [more];
  const most = Math.max(asked.inFlight, inFlightBefore * asked.targets);
  const isOpen = asked.limit === null || asked.limit >= most;
  const startsAt = Math.min(START_MAX, Math.floor(most / 2));
  if (isOpen && startsAt >= START_MIN)
    return [change.ofUpstream(record, 'concurrency', settings.concurrency, `{ start: ${startsAt} }`), more];
  return settings.concurrency === 'none'
    ? [change.ofUpstream(record, 'concurrency', 'none', 'adaptive'), more]
    : [more];
}

export function peersWell({ record, peersAnswered, peersMeanMs }: Facts): Told {
  const { targetState, peers } = record;
  const answered = targetState?.answered ?? 0;
  const timedOut = targetState?.timedOut ?? 0;
  const said = [
    `timers cut ${timedOut} of ${answered + timedOut} attempts at ${record.target} lately`,
    `its ${peers.length} peer(s) answered ${peersAnswered}, on average after ${inWords(peersMeanMs)}`,
  ];
  if (targetState !== null && targetState.reason !== '') said.push(`it is held to be unwell: ${targetState.reason}`);
  return said;
}

export function nobodyConnects({ record }: Facts): Told {
  const step = record.timer === 'tls' ? 'TLS handshake' : 'connection';
  const said = [`no ${step} came about within ${inWords(record.limitMs)} at ${record.target || 'the target'}`];
  if (record.asked !== null)
    said.push(`only ${record.asked.inFlight} attempts were in flight, so the servers are not known to be busy`);
  return said;
}

export function wayTook({ record, wayMs }: Facts): Told {
  return [
    `connecting took ${inWords(wayMs)} of ${inWords(record.elapsedMs)}: connect ${inWords(record.phases['connect'] ?? 0)}, tls ${inWords(record.phases['tls'] ?? 0)}`,
  ];
}

export function flowStopped({ record, peersAnswered }: Facts): Told {
  const what =
    record.timer === 'idle'
      ? `the head of the answer came, and then nothing for ${inWords(record.limitMs)}`
      : `nothing of the request was taken for ${inWords(record.limitMs)}`;
  const said = [`${what} (${record.target || 'no target'})`];
  if (peersAnswered > 0) said.push(`its peers answered ${peersAnswered} requests lately`);
  return said;
}

/** What one attempt may use up before another can begin. */
export function attemptLimitMs({ settings, limitMs }: TimeoutRecord): number {
  const { firstByteMs, attemptMs } = settings;
  return Math.min(firstByteMs, attemptMs === 0 ? Number.POSITIVE_INFINITY : attemptMs, limitMs);
}

export function noTimeToRetry(facts: Facts): Told {
  const { record } = facts;
  return [
    `an attempt may take ${inWords(attemptLimitMs(record))} of a total of ${inWords(record.limitMs)}, so none of ${record.settings.retries} retries fits`,
    ...peersWell(facts),
  ];
}

export function tail(facts: Facts): Told {
  const { record, peersAnswered } = facts;
  const answered = peersAnswered + (record.targetState?.answered ?? 0);
  return [
    ...usually(facts),
    `this one took ${inWords(record.elapsedMs)}: a few answers are late at servers that are quick otherwise (${answered} answered lately)`,
  ];
}

/** The target is held to be well, but never yet has it answered this route in time. */
export function isAliveYetSilent({ record, answers }: Facts): boolean {
  const { targetState, latency } = record;
  return targetState?.standing === 'well' && answers === 0 && latency.firstByte.before.count === 0;
}

/** It is held to be well only because nothing speaks against it: no other route is answered, and nobody probes it. */
export function hasShownNoLife({ record }: Facts): boolean {
  return (record.targetState?.answered ?? 0) === 0 && !record.settings.probe;
}

export function silentRoute({ record }: Facts): Told {
  const { targetState, asked } = record;
  const said = [`no answer of this route has come yet; this one was given up after ${inWords(record.elapsedMs)}`];
  if (targetState !== null && targetState.answered > 0)
    said.push(
      `${record.target} answered ${targetState.answered} requests of other routes, on average after ${inWords(targetState.meanMs)}`,
    );
  else if (targetState !== null) said.push(`${record.target} is held to be well`);
  if (asked !== null) said.push(`${asked.inFlight} attempts were in flight at ${asked.targets} target(s)`);
  return said;
}
