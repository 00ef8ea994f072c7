/**
 * The one table of everything that can go wrong with an exchange.
 *
 * A failure is data: it is handed to `onError`, never thrown through the data plane. Its code decides the status the
 * client sees, who is to blame, the error type in Proxy-Status (RFC 9209 §2.3), and whether another attempt may help.
 * Whoever wants to know whether to retry reads `retry` here; nobody guesses from a message.
 */

/** Every wait of an exchange that has a limit; the name is public: configuration, metrics, logs and answers use it. */
export const timerNames = [
  'total',
  'queue',
  'connect',
  'tls',
  'send',
  'firstByte',
  'idle',
  'attempt',
  'firstToken',
  'betweenTokens',
  'tokenRate',
  'clientHeaders',
  'clientBody',
  'clientIdle',
  'drain',
] as const;
export type TimerName = (typeof timerNames)[number];

/** Who failed: the client, this gateway (by policy, limit or fault), or the upstream. */
export type FailureSource = 'client' | 'gateway' | 'upstream';

/**
 * May the same request be tried again?
 * - `never`: it would fail again, or its answer has begun.
 * - `always`: nothing of it was sent, so even an unsafe method may be repeated.
 * - `idempotent`: it may have had its effect; only an idempotent method may be repeated (RFC 9110 §9.2.2).
 */
export type RetryClass = 'never' | 'always' | 'idempotent';

interface FailureRow {
  readonly status: number;
  readonly source: FailureSource;
  readonly proxyError: string;
  readonly retry: RetryClass;
  readonly title: string;
}

const row = (
  status: number,
  source: FailureSource,
  proxyError: string,
  retry: RetryClass,
  title: string,
): FailureRow => ({ status, source, proxyError, retry, title });

export const failureTable = {
  // An upstream was too slow: 504.
  total_timeout: row(504, 'upstream', 'http_response_timeout', 'never', 'The deadline of the request passed'),
  attempt_timeout: row(504, 'upstream', 'http_response_timeout', 'idempotent', 'An attempt took too long'),
  connect_timeout: row(
    504,
    'upstream',
    'connection_timeout',
    'always',
    'The upstream did not accept a connection in time',
  ),
  tls_timeout: row(
    504,
    'upstream',
    'connection_timeout',
    'always',
    'The TLS handshake with the upstream took too long',
  ),
  send_timeout: row(
    504,
    'upstream',
    'connection_write_timeout',
    'idempotent',
    'The upstream stopped reading the request',
  ),
  first_byte_timeout: row(
    504,
    'upstream',
    'http_response_timeout',
    'idempotent',
    'The upstream did not begin its answer in time',
  ),
  idle_timeout: row(
    504,
    'upstream',
    'connection_read_timeout',
    'idempotent',
    'The upstream stopped in the middle of its answer',
  ),
  first_token_timeout: row(
    504,
    'upstream',
    'http_response_timeout',
    'never',
    'The model did not begin to answer in time',
  ),
  between_tokens_timeout: row(
    504,
    'upstream',
    'connection_read_timeout',
    'never',
    'The model stopped in the middle of its answer',
  ),
  token_rate_timeout: row(504, 'upstream', 'http_response_timeout', 'never', 'The model answered too slowly'),
  model_timeout: row(504, 'upstream', 'http_response_timeout', 'never', 'The model did not answer in time'),
  dns_timeout: row(504, 'upstream', 'dns_timeout', 'always', 'The name of the upstream was not resolved in time'),

  // An upstream failed or spoke nonsense: 502.
  dns_error: row(502, 'upstream', 'dns_error', 'always', 'The name of the upstream could not be resolved'),
  connection_refused: row(502, 'upstream', 'connection_refused', 'always', 'The upstream refused the connection'),
  destination_unroutable: row(
    502,
    'upstream',
    'destination_ip_unroutable',
    'always',
    'There is no route to the upstream',
  ),
  destination_prohibited: row(
    502,
    'upstream',
    'destination_ip_prohibited',
    'always',
    'The upstream may not lie at the addresses that its name leads to',
  ),
  tls_error: row(502, 'upstream', 'tls_protocol_error', 'always', 'The TLS handshake with the upstream failed'),
  tls_certificate_error: row(
    502,
    'upstream',
    'tls_certificate_error',
    'always',
    "The upstream's certificate was not accepted",
  ),
  connection_closed_unsent: row(
    502,
    'upstream',
    'connection_terminated',
    'always',
    'The connection closed before the request was sent',
  ),
  connection_closed: row(
    502,
    'upstream',
    'connection_terminated',
    'idempotent',
    'The upstream closed the connection without an answer',
  ),
  response_incomplete: row(
    502,
    'upstream',
    'http_response_incomplete',
    'idempotent',
    "The upstream's answer broke off",
  ),
  response_malformed: row(
    502,
    'upstream',
    'http_protocol_error',
    'idempotent',
    "The upstream's answer was not valid HTTP",
  ),
  response_head_too_large: row(
    502,
    'upstream',
    'http_response_header_section_size',
    'never',
    "The head of the upstream's answer is too large",
  ),
  model_failed: row(502, 'upstream', 'http_protocol_error', 'never', 'The provider of the model failed'),
  part_failed: row(502, 'upstream', 'http_protocol_error', 'never', 'A part of the answer has failed'),
  merge_failed: row(
    502,
    'upstream',
    'http_response_body_size',
    'never',
    'The parts of the answer can not be put together',
  ),
  upgrade_failed: row(502, 'upstream', 'http_upgrade_failed', 'never', 'The upstream did not accept the upgrade'),

  // We would not even try: 503, with Retry-After.
  queue_timeout: row(
    503,
    'gateway',
    'connection_limit_reached',
    'always',
    'No place at the upstream became free in time',
  ),
  queue_full: row(503, 'gateway', 'connection_limit_reached', 'always', 'Too many requests wait for the upstream'),
  no_target: row(503, 'gateway', 'destination_unavailable', 'never', 'The upstream has no target'),
  circuit_open: row(
    503,
    'gateway',
    'destination_unavailable',
    'never',
    'Most requests to the upstream fail, so it is left alone',
  ),
  shed: row(503, 'gateway', 'proxy_internal_response', 'never', 'The upstream has more to do than it can'),
  deadline_unreachable: row(503, 'gateway', 'proxy_internal_response', 'never', 'The answer would come too late'),
  guard_failed: row(503, 'gateway', 'destination_unavailable', 'never', 'A guard could not be asked'),
  model_unavailable: row(503, 'upstream', 'destination_unavailable', 'never', 'No model is left that could be asked'),
  draining: row(503, 'gateway', 'proxy_internal_response', 'never', 'This node is shutting down'),
  overloaded: row(503, 'gateway', 'proxy_internal_response', 'never', 'This node has no room for another request'),
  auth_unavailable: row(503, 'gateway', 'proxy_internal_response', 'never', 'The credentials cannot be checked now'),
  limit_unavailable: row(503, 'gateway', 'proxy_internal_response', 'never', 'A rate limit cannot be checked now'),
  purge_unconfirmed: row(
    503,
    'gateway',
    'proxy_internal_response',
    'never',
    'Purged on this node, and other nodes may still serve it',
  ),

  // A job, and the way to it. What a job failed of otherwise is the failure itself.
  job_store_away: row(503, 'gateway', 'proxy_internal_response', 'never', 'The jobs cannot be reached now'),
  job_store_full: row(503, 'gateway', 'proxy_internal_response', 'never', 'There is no room for the result of the job'),
  job_result_too_large: row(
    502,
    'gateway',
    'http_response_body_size',
    'never',
    'The result is larger than that of a job may be',
  ),
  job_lost: row(500, 'gateway', 'proxy_internal_error', 'never', 'The node that ran the job ended before it'),
  job_cancelled: row(410, 'client', 'http_request_denied', 'never', 'The job was cancelled'),
  job_not_found: row(404, 'client', 'http_request_denied', 'never', 'There is no such job'),

  // A stream of a model that is kept.
  stream_store_away: row(503, 'gateway', 'proxy_internal_response', 'never', 'The streams cannot be reached now'),
  stream_not_found: row(404, 'client', 'http_request_denied', 'never', 'There is no such stream'),
  stream_too_long: row(410, 'gateway', 'http_response_body_size', 'never', 'The stream has grown beyond what is kept'),
  stream_lost: row(502, 'gateway', 'proxy_internal_error', 'never', 'The node that wrote the stream ended before it'),

  // The client was too slow, or left: 408 and 499 (the latter never reaches a client; logs and metrics use it).
  client_headers_timeout: row(408, 'client', 'http_request_error', 'never', 'The request head did not arrive in time'),
  client_body_timeout: row(408, 'client', 'http_request_error', 'never', 'The request body stopped arriving'),
  client_idle_timeout: row(408, 'client', 'http_request_error', 'never', 'The client stopped reading the answer'),
  client_gone: row(499, 'client', 'http_request_error', 'never', 'The client closed the connection'),

  // The client's request is refused.
  bad_request: row(400, 'client', 'http_request_error', 'never', 'The request is malformed'),
  ambiguous_path: row(400, 'client', 'http_request_error', 'never', 'The path can be read in two ways'),
  too_much_to_match: row(
    400,
    'client',
    'http_request_error',
    'never',
    'The request takes too much work to find a route for',
  ),
  unauthorized: row(401, 'client', 'http_request_denied', 'never', 'Credentials are missing or not accepted'),
  forbidden: row(403, 'client', 'http_request_denied', 'never', 'The request is not allowed'),
  address_denied: row(403, 'client', 'http_request_denied', 'never', 'The client address is not allowed'),
  origin_denied: row(
    403,
    'client',
    'http_request_denied',
    'never',
    'Pages of this origin may not open a WebSocket here',
  ),
  not_found: row(404, 'client', 'http_request_denied', 'never', 'No route matches the request'),
  item_missing: row(404, 'upstream', 'http_request_denied', 'never', 'The upstream has no such item'),
  method_not_allowed: row(405, 'client', 'http_request_denied', 'never', 'The method is not allowed for this path'),
  contract_violated: row(400, 'client', 'http_request_error', 'never', 'The request does not fit the contract'),
  not_acceptable: row(406, 'client', 'http_request_denied', 'never', 'There is no answer of a type that is accepted'),
  mock_missing: row(404, 'client', 'http_request_denied', 'never', 'The contract has no such example'),
  unsupported_media_type: row(
    415,
    'client',
    'http_request_denied',
    'never',
    'The request body is of a type that is not taken',
  ),
  body_too_large: row(413, 'client', 'http_request_denied', 'never', 'The request body is too large'),
  url_too_long: row(414, 'client', 'http_request_denied', 'never', 'The request target is too long'),
  expectation_failed: row(417, 'client', 'http_request_denied', 'never', 'The expectation cannot be met'),
  upgrade_not_allowed: row(426, 'client', 'http_upgrade_failed', 'never', 'The route takes no WebSocket'),
  not_cached: row(504, 'client', 'http_request_denied', 'never', 'Nothing is stored that answers the request'),
  model_refused: row(400, 'client', 'http_request_denied', 'never', 'The model does not take the request'),
  guard_refused: row(403, 'client', 'http_request_denied', 'never', 'A guard refuses what is asked or answered'),
  model_not_found: row(404, 'client', 'http_request_denied', 'never', 'There is no such model here'),
  model_rate_limited: row(
    429,
    'upstream',
    'connection_limit_reached',
    'never',
    'The provider of the model takes no more for now',
  ),
  rate_limited: row(429, 'gateway', 'http_request_denied', 'never', 'A rate limit was reached'),
  headers_too_large: row(431, 'client', 'http_request_denied', 'never', 'The request head is too large'),

  // Our own fault.
  internal_error: row(500, 'gateway', 'proxy_internal_error', 'never', 'The gateway failed'),
  configuration_error: row(500, 'gateway', 'proxy_configuration_error', 'never', 'The gateway is misconfigured'),
  loop_detected: row(508, 'gateway', 'proxy_loop_detected', 'never', 'The request has already passed this gateway'),
} as const satisfies Record<string, FailureRow>;

export type FailureCode = keyof typeof failureTable;

/** One failure of one exchange. `detail` is for people and must not hold a secret; `cause` stays inside the process. */
export interface Failure {
  readonly code: FailureCode;
  readonly detail: string;
  /** The timer that fired, where one did. */
  readonly timer?: TimerName;
  /** The limit of that timer, in milliseconds. */
  readonly limitMs?: number;
  /** Seconds after which trying again makes sense; becomes Retry-After. */
  readonly retryAfterS?: number;
  /** Fields that the answer must carry besides the common ones (Allow, WWW-Authenticate, RateLimit …), flat list. */
  readonly headers?: readonly string[];
  /** The answer in the words of a protocol that the client speaks above HTTP, in place of a problem document. */
  readonly answer?: { readonly status: number; readonly type: string; readonly body: string };
  /** What is wrong with the request, place by place; without its values. */
  readonly faults?: readonly { readonly where: string; readonly what: string }[];
  readonly cause?: unknown;
}

export function failure(code: FailureCode, detail: string, more: Omit<Failure, 'code' | 'detail'> = {}): Failure {
  return { code, detail, ...more };
}

const timerFailure: Record<Exclude<TimerName, 'drain'>, FailureCode> = {
  total: 'total_timeout',
  queue: 'queue_timeout',
  connect: 'connect_timeout',
  tls: 'tls_timeout',
  send: 'send_timeout',
  firstByte: 'first_byte_timeout',
  idle: 'idle_timeout',
  attempt: 'attempt_timeout',
  firstToken: 'first_token_timeout',
  betweenTokens: 'between_tokens_timeout',
  tokenRate: 'token_rate_timeout',
  clientHeaders: 'client_headers_timeout',
  clientBody: 'client_body_timeout',
  clientIdle: 'client_idle_timeout',
};

/** The failure that a fired timer stands for. `drain` ends a node, not an exchange: what it cuts is `draining`. */
export function timerFired(timer: TimerName, limitMs: number): Failure {
  const code = timer === 'drain' ? 'draining' : timerFailure[timer];
  const more: Omit<Failure, 'code' | 'detail'> = code === 'queue_timeout' ? { retryAfterS: 1 } : {};
  return { code, detail: `the ${timer} timer fired after ${limitMs} ms`, timer, limitMs, ...more };
}
