/** Translates what undici reports about a request on an HTTP/1.1 connection: the one place that knows its error names. */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { errors } from 'undici';
import { brokenOff, type ExchangeProgress } from './broken-off.js';

export interface TranslatedFailure {
  readonly failure: Failure;
  /** The connection ended, rather than said something wrong. */
  readonly closed: boolean;
}

/** undici says "bad response" and "bad upgrade" for bytes that nobody asked for, with the code of a closed socket. */
const NONSENSE: ReadonlySet<string> = new Set(['bad response', 'bad upgrade']);

/** What the parser says of an end in the middle. undici 7 leaves the code of its parser's errors undefined. */
const EARLY_END = 'Invalid EOF state';

export function translateUndiciError(error: Error, progress: ExchangeProgress): TranslatedFailure {
  const code = 'code' in error ? String(error.code) : '';
  const said = (failed: Failure): TranslatedFailure => ({ failure: failed, closed: false });
  const more = { cause: error };
  if (error instanceof errors.HTTPParserError) {
    if (error.message.includes(EARLY_END)) return broken(error, progress);
    return said(failure('response_malformed', error.message, more));
  }
  switch (code) {
    case 'UND_ERR_HEADERS_OVERFLOW':
      return said(failure('response_head_too_large', 'the head of the answer is above the limit', more));
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
    case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
      return said(failure('bad_request', `the request cannot be sent: ${error.message}`, more));
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      // undici also says this of a head that broke behind a Content-Length: nothing can be short before it began.
      if (!progress.headed) return said(failure('response_malformed', 'the head of the answer is malformed', more));
      return broken(error, progress);
    case 'UND_ERR_SOCKET':
      if (NONSENSE.has(error.message))
        return said(failure('response_malformed', 'an answer that was not asked for', more));
      return broken(error, progress);
    case 'ERR_ASSERTION':
      // undici asserts in its parser what only the peer's bytes decide (found by fuzzing: a 101 at the wrong moment).
      if (progress.written) return said(failure('response_malformed', 'the parser gave up on the answer', more));
      return said(failure('internal_error', `the transport failed: ${error.message}`, more));
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ETIMEDOUT':
    case 'ECONNABORTED':
    case 'ERR_STREAM_DESTROYED':
    case CONNECTION_USED_UP:
      return broken(error, progress);
    default:
      if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return broken(error, progress);
      return said(failure('internal_error', `the transport failed: ${error.message}`, more));
  }
}

/** Code of the error that stands for "this connection is gone, and there will be no other". */
export const CONNECTION_USED_UP = 'WEIR_CONNECTION_USED_UP';

function broken(cause: Error, progress: ExchangeProgress): TranslatedFailure {
  return { failure: brokenOff(progress, cause), closed: true };
}
