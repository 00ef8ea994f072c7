/**
 * How long a bus leaves what has come where it is before it reads on: what is awaited by nobody is cheaper to read in heaps. Pure.
 *
 * A process that is woken for one message pays mostly for the waking: the loop, the stream and the parser of the library, all of it code and
 * data that was driven out of the caches meanwhile. Ten at once cost little more than one (ARCHITECTURE.md has figures). It is
 * what network cards do, which raise fewer interrupts the more packets come (Linux calls it NAPI). So the pause follows the rate:
 *
 *     messages/s      ≤ 50     100     165     310     ≥ 350
 *     pause              0    17 ms   38 ms   87 ms   100 ms
 *     in a heap          1       2       6      27        35
 *
 * A cluster of four nodes is below, so nothing of it is ever late. What waits is in the kernel's buffer, some tens of kilobytes at most, and
 * beyond it with the server, which bounds it.
 */
/** Up to so many are read as they come. */
export const AT_ONCE_PER_S = 50;
export const PAUSE_MAX_MS = 100;
/** Of rate above that for each millisecond of pause. */
const PER_S_PER_MS = 3;
/** The rate is that of the last seconds; older messages count for less and less. */
const REMEMBERED_MS = 2_000;
/** Who asks something waits for the answer: so long nothing is left where it is. */
export const AWAITED_MS = 1_000;

export class ReadPace {
  #perS = 0;
  #heardMs = Number.NEGATIVE_INFINITY;
  #awaitedUntilMs = Number.NEGATIVE_INFINITY;

  heard(nowMs: number): void {
    this.#perS = this.perS(nowMs) + 1_000 / REMEMBERED_MS;
    this.#heardMs = Math.max(nowMs, this.#heardMs);
  }

  awaits(nowMs: number): void {
    this.#awaitedUntilMs = nowMs + AWAITED_MS;
  }

  perS(nowMs: number): number {
    return this.#perS * Math.exp(-Math.max(0, nowMs - this.#heardMs) / REMEMBERED_MS);
  }

  /** Before more is read; 0: at once. */
  pauseMs(nowMs: number): number {
    if (nowMs < this.#awaitedUntilMs) return 0;
    return Math.min(Math.max(0, (this.perS(nowMs) - AT_ONCE_PER_S) / PER_S_PER_MS), PAUSE_MAX_MS);
  }
}
