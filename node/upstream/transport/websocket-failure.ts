/**
 * Translates what `ws`, and node:http below it, report about a handshake. Only an answer that was read and is not the
 * right one says something about the upgrade (`upgrade_failed`); a connection that broke says what it says of any other
 * request, so that it is tried again and counts against the target.
 */
import { type Failure, failure } from '@weir/proto/http/failures.js';
import { brokenOff } from './broken-off.js';

/** Errors of the socket, and node:http's own word for one that ended before its answer (ECONNRESET, "socket hang up"). */
const BROKEN: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPROTO',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'HPE_INVALID_EOF_STATE',
]);

export function translateHandshakeError(
  error: Error,
  progress: { readonly written: boolean; readonly answered: boolean },
): Failure {
  const code = 'code' in error ? String(error.code) : '';
  const more = { cause: error };
  if (BROKEN.has(code) || code.startsWith('ERR_SSL_')) return brokenOff({ ...progress, headed: false }, error);
  if (code === 'HPE_HEADER_OVERFLOW')
    return failure('response_head_too_large', 'the head of the answer is above the limit', more);
  if (code.startsWith('HPE_')) return failure('response_malformed', error.message, more);
  return failure('upgrade_failed', `the upgrade was not completed: ${error.message}`, more);
}
