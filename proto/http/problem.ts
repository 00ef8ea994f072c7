/**
 * The answer that a failure becomes: status, fields, and a problem document (RFC 9457) that says what happened, what
 * was tried, and what to change.
 *
 * The layer at the top of a route's chain and the listener, for requests that no chain ever sees, both answer through
 * here, so that every refusal of the gateway looks the same. The type of a problem is a URN and not a URL: it is a name
 * to compare, and nobody should be made to fetch something in order to understand an error.
 */
import { type Failure, type FailureCode, failureTable, type TimerName } from './failures.js';
import type { MutableHeaderList } from './headers.js';
import { proxyStatus } from './proxy-status.js';

/** One attempt as a client may see it: the target by its public name, never by its address. */
export interface ProblemAttempt {
  readonly target: string;
  /** Milliseconds of each phase that the attempt has been through. */
  readonly phases: Readonly<Record<string, number>>;
  readonly status: number;
  readonly failure: FailureCode | null;
}

/** What surrounds a failure when it is answered. */
export interface ProblemContext {
  readonly requestId: string;
  /** Field in which the request id goes back, lower-case. */
  readonly requestIdHeader: string;
  /** Pseudonym of this gateway in Proxy-Status. */
  readonly via: string;
  readonly elapsedMs: number;
  readonly attempts: readonly ProblemAttempt[];
}

/** Members of the document, in the order in which they are written. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: FailureCode;
  readonly requestId: string;
  readonly timer?: TimerName;
  readonly limitMs?: number;
  readonly elapsedMs: number;
  readonly faults?: Failure['faults'] & {};
  readonly attempts?: readonly ProblemAttempt[];
  readonly hint: string;
}

export interface ProblemAnswer {
  readonly status: number;
  /** Everything but framing, which is the business of whoever writes the message. */
  readonly headers: MutableHeaderList;
  readonly body: string;
}

/** Attempts that a document shows, at most; the last ones, since they decided the outcome. */
export const ATTEMPTS_SHOWN = 16;

export function problemOf(failed: Failure, context: ProblemContext): Problem {
  const { status, title } = failureTable[failed.code];
  return {
    type: `urn:weir:problem:${failed.code}`,
    title,
    status,
    detail: failed.detail,
    code: failed.code,
    requestId: context.requestId,
    ...(failed.timer === undefined ? {} : { timer: failed.timer }),
    ...(failed.limitMs === undefined ? {} : { limitMs: failed.limitMs }),
    elapsedMs: context.elapsedMs,
    ...(failed.faults === undefined ? {} : { faults: failed.faults }),
    ...(context.attempts.length === 0 ? {} : { attempts: context.attempts.slice(-ATTEMPTS_SHOWN) }),
    hint: hints[failed.code],
  };
}

export function problemAnswer(failed: Failure, context: ProblemContext): ProblemAnswer {
  const { proxyError } = failureTable[failed.code];
  const { status, type, body } = failed.answer ?? documentOf(failed, context);
  const headers: MutableHeaderList = [
    'content-type',
    type,
    // A failure is about this request and this moment; no cache on the way may repeat it to others.
    'cache-control',
    'no-store',
    'proxy-status',
    proxyStatus({ name: context.via, error: proxyError, details: failed.detail }),
    context.requestIdHeader,
    context.requestId,
  ];
  if (failed.retryAfterS !== undefined) headers.push('retry-after', String(Math.max(0, Math.ceil(failed.retryAfterS))));
  if (failed.headers !== undefined) headers.push(...failed.headers);
  return { status, headers, body };
}

function documentOf(failed: Failure, context: ProblemContext): NonNullable<Failure['answer']> {
  const { status } = failureTable[failed.code];
  return { status, type: 'application/problem+json', body: `${JSON.stringify(problemOf(failed, context))}\n` };
}

/** What to change, one sentence for each code. The reader is whoever got the answer, so each names the knob. */
const hints: Record<FailureCode, string> = {
  total_timeout:
    'See which attempt and phase took the time; then make that faster, or raise `timeouts.total` of the route (and the deadline that the client sends).',
  attempt_timeout: 'Raise `timeouts.attempt` of the route, or find out why one attempt takes this long.',
  connect_timeout:
    'Check that the target is up and that no firewall drops its packets; raise `timeouts.connect` only for a distant target.',
  tls_timeout: 'The target accepts connections but not handshakes: look at its CPU load; raise `timeouts.tls` last.',
  send_timeout: 'The target does not read the request body: look at its load, or raise `timeouts.send`.',
  first_byte_timeout:
    'The target thinks for longer than `timeouts.firstByte`: make the answer faster, raise the limit, or answer early and stream.',
  idle_timeout:
    'The target pauses within its answer for longer than `timeouts.idle`: send something meanwhile, or raise the limit.',
  first_token_timeout:
    'The model says nothing for longer than `firstToken`: give the route a model to fall back to, or raise the limit.',
  between_tokens_timeout:
    'The model pauses within its answer for longer than `betweenTokens`: ask again, or raise the limit.',
  token_rate_timeout:
    'The model writes fewer tokens a second than the route asks for: ask another one, or lower `minTokensPerSecond`.',
  model_timeout: 'The provider gave up by itself: ask for less, or give the route a model to fall back to.',
  dns_timeout: "Check the node's resolver; an address instead of a name avoids the look-up.",
  dns_error: "Check the spelling of the target's host and that the node's resolver knows it.",
  connection_refused: 'Nothing listens at the target: start it, or correct its port.',
  destination_prohibited:
    'The name of the target leads to an address of the machine or of its cloud, which no service of a team may have: name the server of the service.',
  destination_unroutable: 'The node has no route to the target: check its network and the address.',
  tls_error: 'Check that the target speaks TLS on this port and shares a protocol version with the gateway.',
  tls_certificate_error:
    'The access log says what is wrong with it: renew one that has expired, give the upstream the CA of its certificate (`tls.caFile`), or the name that stands in it (`tls.serverName`).',
  connection_closed_unsent:
    'The target closes connections as they are used: keep `pool.idle` below the keep-alive limit of the target.',
  connection_closed: 'The target closed without an answer: look in its log for a crash or a restart at this time.',
  response_incomplete: 'The target broke off its answer: look in its log for a crash or a restart at this time.',
  response_malformed:
    'The answer of the target is not HTTP as the standard has it: check that its port is the right one.',
  response_head_too_large:
    'The target sends more header bytes than `pool.responseHeaderBytes` allows: raise it, or send smaller cookies.',
  model_failed:
    'The access log names the provider and what it failed of; a model of another provider stands in for it.',
  part_failed:
    'The document names the part and what it met; `ifFails` of the part says whether the whole has to fail with it.',
  merge_failed:
    'Make `merge` smaller, let the parts answer less, or raise `maxAnswer`; docs/optimize.md has what bounds it.',
  upgrade_failed: 'The target did not switch to WebSocket: check that this path is served by it as one.',
  queue_timeout:
    'All connections to the target were busy for as long as `timeouts.queue`: add targets or connections, or make answers faster.',
  queue_full: 'More requests wait than `pool.queue` allows: add targets or connections, or send less.',
  no_target: 'Give the upstream at least one target that is well; `weir status` says which are not, and why.',
  circuit_open:
    'Most requests to the upstream failed of late: look at its log; a single request tries it again shortly.',
  shed: 'The upstream has more to do than it can: add targets, raise `concurrency`, or give this route a higher `priority`.',
  deadline_unreachable:
    'By the time that a place is free, the deadline will have passed: send less, add targets, or allow more time.',
  guard_failed:
    'See whether the upstream of the webhook answers in its `timeout`; `fail: open` lets pass what could not be checked.',
  model_unavailable:
    'Try again shortly; the operator looks at the provider, at its keys, or gives the route a model to fall back to.',
  draining: 'Try again: another node, or this one after its restart, will answer.',
  overloaded: 'Try again later; the operator may raise the limit that `detail` names, or add nodes.',
  limit_unavailable:
    'Try again shortly: a strict limit of this route counts in Redis, which does not answer; `onRedisLoss: open` goes on without.',
  purge_unconfirmed:
    'Purge again until it is confirmed; the operator looks with `weir status` at the nodes that the detail names, or at their Redis.',
  stream_store_away: 'Ask again: the stream goes on meanwhile. The operator looks at the Redis that keeps the streams.',
  stream_not_found:
    'Check the id and the credentials, which must be those that the stream was asked with; or it has expired. Ask the model anew.',
  stream_too_long: 'Ask the model anew. The operator can raise ai.durable.size of the route.',
  stream_lost: 'Ask the model anew.',
  job_store_away: 'Ask again: the job goes on meanwhile. The operator looks at the Redis that keeps the jobs.',
  job_store_full: 'Ask again later; the operator may raise `jobs.memory`, lower `jobs.keep`, or keep jobs in Redis.',
  job_result_too_large: 'Ask for less at once; the operator may raise `jobs.result`.',
  job_lost: 'Whether the request had its effect is not known: look, then send it again.',
  job_cancelled: 'Send the request again if it is wanted after all.',
  job_not_found: 'Check the id and the credentials, which must be those that the job was made with; or it has expired.',
  client_headers_timeout: 'Send the whole request head at once.',
  client_body_timeout: 'Send the body without long pauses; the operator may raise `timeouts.clientBody`.',
  client_idle_timeout: 'Read the answer without long pauses; the operator may raise `timeouts.clientIdle`.',
  client_gone: 'The client left before the answer; its own timeout may be shorter than the route needs.',
  bad_request: 'Correct the request as the detail says.',
  ambiguous_path:
    'Send a slash as a slash, and leave `;` out; the operator may give all readings of the path one route.',
  too_much_to_match:
    'Send shorter or fewer fields and parameters; the operator may write smaller patterns in the conditions of routes.',
  unauthorized: 'Send credentials that this route accepts; WWW-Authenticate names the scheme.',
  forbidden: 'Ask the owner of the route for access.',
  address_denied: 'Call from an address that the route allows.',
  origin_denied: 'Open it from a page of an origin that the route names (`websocket.origins`).',
  not_found: 'Check host and path; the operator sees the routes with `weir status`.',
  method_not_allowed: 'Use one of the methods in Allow.',
  contract_violated: 'Mend what `faults` names, place by place; the contract of the service says what is expected.',
  not_acceptable: 'Accept one of the types that the detail names.',
  mock_missing:
    'Ask for a status or an example that the contract has, or leave `Prefer` out; the operator adds an example to it.',
  unsupported_media_type: 'Send the body in one of the types that Accept names, not compressed.',
  body_too_large: 'Send a smaller body; the operator may raise the limit of the route.',
  url_too_long: 'Shorten the URL, or send the data in a body; the operator may raise `limits.urlBytes`.',
  expectation_failed: 'Leave the Expect field out; only 100-continue is understood.',
  not_cached: 'Ask without `Cache-Control: only-if-cached`, and the upstream is asked.',
  item_missing: 'The upstream was asked for several at once and did not answer with this one.',
  model_refused: 'Correct the request as the message says, or ask a model that can do it.',
  guard_refused: 'The detail names the guard and what it found; its settings stand under `ai.guards`.',
  model_not_found: 'Ask for a model that `GET …/models` lists.',
  model_rate_limited: 'Wait for as long as Retry-After says; more keys or models in the pool spare callers the wait.',
  rate_limited: 'Wait for as long as Retry-After says; the RateLimit fields tell what is left.',
  headers_too_large: 'Send fewer or smaller header fields, cookies first; the operator may raise `limits.headerBytes`.',
  internal_error: "This is a fault of the gateway: the operator finds it in the node's log under this request id.",
  configuration_error: 'The operator has to correct the configuration; `weir check` names the fault.',
  auth_unavailable: 'Try again shortly: credentials cannot be checked just now.',
  upgrade_not_allowed: 'Send the request without an upgrade, or allow `websocket` on the route.',
  loop_detected: 'A target leads back to this gateway: correct its address.',
};
