/** What a connection that ended says about its exchange, for all transports alike. */
import { type Failure, failure } from '@weir/proto/http/failures.js';

/** How far the exchange had come when the error was reported. */
export interface ExchangeProgress {
  /** The request reached the socket. */
  readonly written: boolean;
  /** The first byte of an answer came. */
  readonly answered: boolean;
  /** The final head was passed up. */
  readonly headed: boolean;
}

/** The connection ended: what that means depends on how far the exchange had come. */
export function brokenOff({ written, answered, headed }: ExchangeProgress, cause: unknown): Failure {
  if (headed) return failure('response_incomplete', 'the connection closed in the middle of the answer', { cause });
  if (answered) return failure('response_incomplete', 'the connection closed in the head of the answer', { cause });
  if (written) return failure('connection_closed', 'the connection closed before an answer came', { cause });
  return failure('connection_closed_unsent', 'the connection closed before the request was sent', { cause });
}
