/**
 * How the traffic of this node fares, as it tells controls that try out a version on some nodes: a few counts since the process
 * began. Owns them. What a client did itself (it left, it was too slow) is no fault of a version and is not counted.
 */
import { DURATION_SLOTS, slotOf } from '@weir/proto/cluster/durations.js';
import type { TrafficCounts } from '@weir/proto/events/traffic.js';
import { type FailureCode, failureTable } from '@weir/proto/http/failures.js';
import type { Exchange } from '../pipeline/exchange.js';

const CLIENT_LEFT = 499;
const CLIENT_SLOW = 408;

export class TrafficTally {
  #exchanges = 0;
  #failed = 0;
  #timeouts = 0;
  #turnedAway = 0;
  readonly #slots = new Float64Array(DURATION_SLOTS);

  /** Returns the slot of its duration. */
  ended({ status, failure, receivedAtMs, headersAtMs, endedAtMs }: Exchange): number {
    // To the head: how long an answer is streamed for, or a WebSocket is open, says nothing of a version.
    const tookMs = (headersAtMs > receivedAtMs ? headersAtMs : endedAtMs) - receivedAtMs;
    const slot = slotOf(tookMs);
    const meant = failure === null ? 0 : failureTable[failure.code].status;
    if (meant === CLIENT_LEFT || meant === CLIENT_SLOW) return slot;
    this.#exchanges += 1;
    if (status >= 500 || meant >= 500) this.#failed += 1;
    else if (meant >= 400) this.#turnedAway += 1;
    if (failure !== null && isTimeout(failure.code)) this.#timeouts += 1;
    this.#slots[slot] = (this.#slots[slot] ?? 0) + 1;
    return slot;
  }

  /** A stored answer was given without an exchange, at once. */
  reused(): void {
    this.#exchanges += 1;
    this.#slots[0] = (this.#slots[0] ?? 0) + 1;
  }

  /** A request that was answered before it became an exchange. */
  refused(status: number): void {
    if (status === CLIENT_SLOW) return;
    this.#exchanges += 1;
    if (status >= 500) this.#failed += 1;
    else this.#turnedAway += 1;
  }

  counts(): TrafficCounts {
    let length = DURATION_SLOTS;
    while (length > 0 && this.#slots[length - 1] === 0) length -= 1;
    return {
      exchanges: this.#exchanges,
      failed: this.#failed,
      timeouts: this.#timeouts,
      turnedAway: this.#turnedAway,
      slots: [...this.#slots.subarray(0, length)],
    };
  }
}

function isTimeout(code: FailureCode): boolean {
  return code.endsWith('_timeout');
}
