/**
 * One line of the access log: the JSON of one exchange, put together by hand. The fields are described in
 * docs/access-log.md; their order is fixed, and those that say nothing are left out.
 *
 * By hand, because it is done for every request: side by side, pino took 9 to 12 µs of CPU for a line of this kind and
 * JSON.stringify alone 2.1, where this and the copy into the writer's batch took 1.8, and take half of that now. The
 * price is that escaping is ours (json-string.ts), and that lines are pure ASCII.
 */
import { type Failure, failureTable } from '@weir/proto/http/failures.js';
import { headerValue } from '@weir/proto/http/headers.js';
import { concealJobIds } from '../jobs/job-id.js';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { type Attempt, decisiveAttempt, type Exchange, type PartRecord } from '../pipeline/exchange.js';
import { traceIdOf } from '../trace/trace-context.js';
import { aiPart } from './ai-line.js';
import { jsonString, jsonText } from './json-string.js';
import { flat, type LineParts, type TargetText, UPSTREAM_MS } from './line-parts.js';
import { redactField, redactQuery } from './redaction.js';

export interface LineOptions {
  /** Names whose values are replaced, lower-case. */
  readonly secrets: ReadonlySet<string>;
  /** Request fields that are added to the line, lower-case. */
  readonly requestHeaders: readonly string[];
  readonly parts: LineParts;
}

/** Attempts beside the decisive one that a line shows, at most; `attempts` has their true number. */
export const EARLIER_MAX = 8;
/** Shorter phases would print as 0. */
const SHOWN_MIN_MS = 0.05;

/**
 * The line with its line end. Text is only ever added at the end of `line`, and by the piece: a string that grows to the
 * right by flat pieces is the kind that is cheapest to copy into the batch. So literals hold the quotes of the values
 * around them, and a value is never joined with its name first.
 */
export function logLine(request: GatewayRequest, options: LineOptions): string {
  const { exchange } = request;
  const { failure } = exchange;
  const { parts } = options;
  // Ids are made here, or passed a pattern in which nothing needs to be escaped.
  let line = `${beginning(exchange)}${exchange.id}`;
  if (exchange.traceparent !== '') line = `${line}","trace_id":"${traceIdOf(exchange.traceparent)}`;
  line = `${line}${parts.request(request)}${jsonText(concealJobIds(request.path))}`;
  if (request.query !== '') line = `${line}","query":"${jsonText(redactQuery(request.query, options.secrets))}`;
  line = `${line}${parts.client(request)}`;
  if (options.requestHeaders.length > 0) line += requestHeadersPart(request, options);
  if (exchange.cache !== null) line = `${line},"cache":"${exchange.cache}"`;
  if (exchange.contract !== null) line = `${line},"contract":"${exchange.contract}"`;
  if (exchange.ai !== null) line = `${line}${aiPart(exchange.ai)}`;
  if (exchange.parts !== null) line = `${line}${partsPart(exchange.parts)}`;
  if (exchange.coalesced > 0) line = `${line},"coalesced":${exchange.coalesced}`;
  if (exchange.jobId !== '') line = `${line},"job":"${exchange.jobId}"`;
  if (failure !== null) {
    line += `,"failure":"${failure.code}"`;
    if (failure.timer !== undefined) line += `,"timer":"${failure.timer}"`;
    line += `,"detail":${jsonString(failure.detail)}`;
  }
  line = `${line}${statusPart(exchange.status)}`;
  const totalMs = exchange.endedAtMs - exchange.receivedAtMs;
  // NaN when no head was sent.
  if (exchange.headersAtMs >= 0)
    line = `${line}${beforeHead.of(totalMs)}${decimal(exchange.headersAtMs - exchange.receivedAtMs)}`;
  else line = `${line}${decimal(totalMs)}`;
  if (exchange.requestBytes > 0) line = `${line},"request_bytes":${exchange.requestBytes}`;
  line = `${line},"response_bytes":${exchange.responseBytes}`;
  return withAttempts(line, exchange, parts);
}

function partsPart(parts: readonly PartRecord[]): string {
  // Names of parts are letters, digits and underscores.
  const members = parts.map(({ part, outcome, status, ms }) => {
    const came = status === 0 ? '' : `,"status":${status}`;
    return `{"part":"${part}","outcome":"${outcome}"${came},"ms":${decimal(ms)}}`;
  });
  return `,"parts":[${members.join(',')}]`;
}

function requestHeadersPart(request: GatewayRequest, options: LineOptions): string {
  const members: string[] = [];
  for (const name of options.requestHeaders) {
    const value = headerValue(request.headers, name);
    if (value === undefined) continue;
    members.push(`${jsonString(name)}:${jsonString(redactField(name, value, options.secrets))}`);
  }
  return members.length === 0 ? '' : `,"request_headers":{${members.join(',')}}`;
}

/** The members of the attempt that decided the outcome stand on the line itself; those of the others in `earlier`. */
function withAttempts(before: string, exchange: Exchange, parts: LineParts): string {
  const { attempts, endedAtMs } = exchange;
  const decisive = decisiveAttempt(exchange);
  if (decisive === undefined) return `${before}}\n`;
  const line = withAttempt(before, parts.target(decisive), decisive, endedAtMs);
  if (attempts.length === 1) return `${line},"attempts":1}\n`;
  const others = attempts.filter((attempt) => attempt !== decisive).slice(-EARLIER_MAX);
  const earlier = others.map((attempt) => {
    const head = `{"target":${jsonString(attempt.targetId)},"upstream_status":${attempt.status}`;
    return `${withAttempt('', { text: head, timed: `${head}${UPSTREAM_MS}` }, attempt, endedAtMs)}}`;
  });
  return `${line},"attempts":${attempts.length},"earlier":[${earlier.join(',')}]}\n`;
}

/** What befell an attempt, behind its target and status. `exchangeEndedAtMs` bounds one that was still open when its exchange ended. */
function withAttempt(before: string, target: TargetText, attempt: Attempt, exchangeEndedAtMs: number): string {
  const endMs = Number.isNaN(attempt.endedAtMs) ? exchangeEndedAtMs : attempt.endedAtMs;
  // A phase ends where the next one that happened begins. NaN is not below anything, so a phase that was skipped takes
  // over the beginning of the one behind it, and lasts for nothing.
  const at = attempt.phaseStartMs;
  const bodyMs = earlierOf(at.body, endMs);
  const firstByteMs = earlierOf(at.firstByte, bodyMs);
  const sendMs = earlierOf(at.send, firstByteMs);
  const tlsMs = earlierOf(at.tls, sendMs);
  const connectMs = earlierOf(at.connect, tlsMs);
  const upstreamMs = decimal(endMs - attempt.startedAtMs);
  let line = before;
  if (attempt.failure === null && attempt.cause === null) line = `${line}${target.timed}${upstreamMs}`;
  else {
    line = `${line}${target.text}`;
    if (attempt.failure !== null) line = `${line},"upstream_failure":"${attempt.failure.code}"`;
    if (attempt.cause !== null) line = `${line},"attempt_cause":"${attempt.cause}"`;
    line = `${line}${UPSTREAM_MS}${upstreamMs}`;
  }
  line = withPhase(line, ',"queue_ms":', connectMs - earlierOf(at.queue, connectMs));
  line = withPhase(line, ',"connect_ms":', tlsMs - connectMs);
  line = withPhase(line, ',"tls_ms":', sendMs - tlsMs);
  line = withPhase(line, ',"send_ms":', firstByteMs - sendMs);
  line = withPhase(line, ',"first_byte_ms":', bodyMs - firstByteMs);
  return withPhase(line, ',"body_ms":', endMs - bodyMs);
}

function earlierOf(beganMs: number, nextMs: number): number {
  return Number.isNaN(beganMs) || beganMs > nextMs ? nextMs : beganMs;
}

/** Nothing for a phase that was skipped, or too short to print. */
function withPhase(before: string, name: string, ms: number): string {
  return ms < SHOWN_MIN_MS ? before : `${before}${name}${decimal(ms)}`;
}

/** A request that was answered before it became an exchange: its head was malformed, too large or too slow. */
export interface RefusedRequest {
  readonly status: number;
  readonly failure: Failure;
  readonly requestId: string;
  /** Empty where it could not be read. */
  readonly method: string;
  /** Path with its query, empty where it could not be read. */
  readonly path: string;
  readonly peerAddress: string;
}

export function refusedLine(refused: RefusedRequest, wallMs: number, options: LineOptions): string {
  const { failure, path } = refused;
  const question = path.indexOf('?');
  let line = `${timePart(wallMs)}"level":"warn","kind":"refused","id":${jsonString(refused.requestId)}`;
  if (refused.method !== '') line += `,"method":${jsonString(refused.method)}`;
  if (path !== '') line += `,"path":${jsonString(concealJobIds(question < 0 ? path : path.slice(0, question)))}`;
  if (question >= 0) line += `,"query":${jsonString(redactQuery(path.slice(question + 1), options.secrets))}`;
  line += `,"client":${jsonString(refused.peerAddress)},"failure":"${failure.code}"`;
  if (failure.timer !== undefined) line += `,"timer":"${failure.timer}"`;
  return `${line},"detail":${jsonString(failure.detail)},"status":${refused.status}}\n`;
}

const levelPart = {
  info: '"level":"info","kind":"access","id":"',
  warn: '"level":"warn","kind":"access","id":"',
  error: '"level":"error","kind":"access","id":"',
} as const;

/** `error` for what the gateway or an upstream did wrong, `warn` for what the client did, `info` for the rest. */
function levelOf(exchange: Exchange): keyof typeof levelPart {
  if (exchange.failure !== null) return failureTable[exchange.failure.code].source === 'client' ? 'warn' : 'error';
  if (exchange.status >= 500) return 'error';
  return exchange.status >= 400 ? 'warn' : 'info';
}

/** What stands before the id. A line of plain success, as nearly all are, has it in two pieces. */
function beginning(exchange: Exchange): string {
  const level = levelOf(exchange);
  if (level !== 'info') return `${timePart(exchange.receivedWallMs)}${levelPart[level]}`;
  const wholeMs = Math.floor(exchange.receivedWallMs);
  const second = Math.floor(wholeMs / MS_PER_S);
  return `${secondPart(second)}${successTexts[wholeMs - second * MS_PER_S]}`;
}

/** `status`, and the name of `total_ms` behind it; one text for each status that was seen. */
function statusPart(status: number): string {
  const known = statusParts[status];
  if (known !== undefined) return known;
  const made = `,"status":${status},"total_ms":`;
  // Statuses have three digits, or are 0.
  if (status < STATUSES_MAX) statusParts[status] = flat(made);
  return made;
}

const STATUSES_MAX = 600;
const statusParts: (string | undefined)[] = Array.from({ length: STATUSES_MAX });

const printTenths = (tenths: number): string => (tenths / 10).toFixed(tenths % 10 === 0 ? 0 : 1);
/** Most durations are below a tenth of a second: their texts are made once. */
const shortTexts = Array.from({ length: 1_000 }, (_, tenths) => printTenths(tenths));

/** Durations with the name of what comes behind them, likewise. */
class DurationsBefore {
  readonly #next: string;
  readonly #texts: readonly string[];

  constructor(next: string) {
    this.#next = next;
    this.#texts = shortTexts.map((text) => flat(`${text}${next}`));
  }

  of(ms: number): string {
    return this.#texts[Math.round(ms * 10)] ?? `${decimal(ms)}${this.#next}`;
  }
}

const beforeHead = new DurationsBefore(',"head_ms":');

/** A number of milliseconds with at most one decimal; 0 for what is negative or not a number. */
function decimal(ms: number): string {
  const tenths = Math.round(ms * 10);
  return shortTexts[tenths] ?? (tenths > 0 ? printTenths(tenths) : '0');
}

const MS_PER_S = 1_000;
/** The ends of all times within a second. */
const msTexts = Array.from({ length: MS_PER_S }, (_, ms) => `${String(ms).padStart(3, '0')}Z",`);
const successTexts = msTexts.map((text) => flat(`${text}${levelPart.info}`));
let secondOfPrefix = Number.NaN;
let prefix = '';

/**
 * The beginning of a line: the time in ISO 8601 and UTC. Building a date costs a third of a microsecond, so the part up
 * to the second is kept for its second.
 */
export function timePart(wallMs: number): string {
  const wholeMs = Math.floor(wallMs);
  const second = Math.floor(wholeMs / MS_PER_S);
  return `${secondPart(second)}${msTexts[wholeMs - second * MS_PER_S]}`;
}

/** Up to the second. */
function secondPart(second: number): string {
  if (second !== secondOfPrefix) {
    secondOfPrefix = second;
    prefix = flat(`{"time":"${new Date(second * MS_PER_S).toISOString().slice(0, -'000Z'.length)}`);
  }
  return prefix;
}
