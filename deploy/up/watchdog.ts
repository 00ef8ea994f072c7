/**
 * Whether a node that lives also does something. It reports each second, so one that says nothing for long is hung: stopped,
 * or caught in a loop that never gives its event loop back.
 *
 *            SILENT_LOOKS              HUNG_LOOKS
 *   heard ─────────────────▶ silent ─────────────────▶ hung: killed, and started again like any other that died
 *     ▲                        │
 *     └──── any message ───────┘
 *
 * Silence is counted in looks, one a second, and not in clock time: a supervisor that did not run itself (a stopped job, a
 * suspended machine, one core for too many) has not looked either, so it does not blame the node for that.
 */

export const LOOK_EVERY_MS = 1_000;
/** Then it is told, and `weir status` is not content. */
export const SILENT_LOOKS = 5;
/** Then it is killed. Longer than any snapshot compiles and any garbage collection takes on a machine that is overloaded. */
export const HUNG_LOOKS = 20;

export interface WatchdogEvents {
  onSilent(forS: number): void;
  onHeardAgain(): void;
  onHung(forS: number): void;
}

export class Watchdog {
  readonly #events: WatchdogEvents;
  /** Looks since the last message. */
  #looks = 0;

  constructor(events: WatchdogEvents) {
    this.#events = events;
  }

  /** Once each second while there is a process that should report. */
  look(): void {
    this.#looks += 1;
    if (this.#looks === SILENT_LOOKS) this.#events.onSilent(this.#looks);
    // Again and again, for a kill that was not followed by an end costs nothing.
    if (this.#looks >= HUNG_LOOKS) this.#events.onHung(this.#looks);
  }

  heard(): void {
    const wasSilent = this.silentForS !== null;
    this.#looks = 0;
    if (wasSilent) this.#events.onHeardAgain();
  }

  /** Another process, or none. */
  reset(): void {
    this.#looks = 0;
  }

  /** Null while it is heard. */
  get silentForS(): number | null {
    return this.#looks >= SILENT_LOOKS ? this.#looks : null;
  }
}
