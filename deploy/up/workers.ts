/**
 * The node processes of one machine as one: each has its own supervisor, all are offered the same snapshot, and it is accepted when all
 * of them run it. Where one refuses, the others are given back the one before, so that a machine never serves two configs for longer
 * than that takes. Owns which snapshot all of them run.
 *
 *     offer ─▶ all ─┬─ all applied ─────────────▶ accepted
 *                   └─ one refused, died, silent ─▶ the one before to all that have applied it ─▶ refused
 *
 * A worker that was silent and applies the refused one after all is given the one before as well. Where there is none, at the first
 * start, all may yet come to run it, which is told to whoever offered it.
 */
import type { BusClock } from '@weir/proto/bus/bus.js';
import { realClock } from '@weir/proto/bus/real-clock.js';
import type { Delivery, End, Supervision, Supervisor, WholeOffer } from './supervisor.js';

export interface Worker {
  /** A member's name. */
  readonly id: string;
  readonly supervisor: Pick<
    Supervisor,
    'deliver' | 'restartWith' | 'look' | 'ask' | 'stop' | 'cut' | 'kill' | 'reopenLog'
  >;
  readonly ended: Promise<End>;
}

/** To go back is tried so often: over 4 s, or two minutes where the worker does not answer. */
const BACK_TRIES = 5;
const BACK_AGAIN_FIRST_MS = 250;

export class Workers {
  readonly all: readonly Worker[];
  readonly ended: Promise<End>;
  readonly #say: (text: string) => void;
  readonly #clock: Pick<BusClock, 'after'>;
  #inForce: WholeOffer | null = null;
  /** Supervisors take one offer at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Who runs what others refuse, with its latest attempt; one for each worker. */
  readonly #goingBack = new Map<Worker, object>();

  constructor(all: readonly Worker[], say: (text: string) => void, clock: Pick<BusClock, 'after'> = realClock) {
    this.all = all;
    this.#say = say;
    this.#clock = clock;
    this.ended = Promise.all(all.map(({ ended }) => ended)).then(endOfAll);
  }

  deliver(offer: WholeOffer): Promise<Delivery> {
    const delivered = this.#turn.then(() => this.#deliver(offer));
    this.#turn = delivered;
    return delivered;
  }

  look(): readonly Supervision[] {
    return this.all.map(({ supervisor }) => supervisor.look());
  }

  stop(): void {
    for (const { supervisor } of this.all) supervisor.stop();
  }

  cut(): void {
    for (const { supervisor } of this.all) supervisor.cut();
  }

  kill(): void {
    for (const { supervisor } of this.all) supervisor.kill();
  }

  reopenLog(): void {
    for (const { supervisor } of this.all) supervisor.reopenLog();
  }

  async #deliver(offer: WholeOffer): Promise<Delivery> {
    const [only, ...others] = this.all;
    // What one alone applies late is in force, for nobody disagrees.
    if (only !== undefined && others.length === 0) return only.supervisor.deliver(offer);
    const outcomes = await Promise.all(
      this.all.map(async (worker) => ({ worker, delivery: await worker.supervisor.deliver(offer) })),
    );
    const reasons = outcomes.flatMap(({ worker, delivery }) =>
      delivery.ok ? [] : [`${worker.id}: ${delivery.reason}`],
    );
    if (reasons.length === 0) {
      this.#inForce = offer;
      this.#goingBack.clear();
      return { ok: true };
    }
    const lates = outcomes.flatMap(({ delivery }) =>
      delivery.ok || delivery.late === undefined ? [] : [delivery.late],
    );
    const isRefused = outcomes.some(({ delivery }) => !delivery.ok && delivery.late === undefined);
    const reason = reasons.join('; ');
    // There is nothing to go back to, so who has not answered may still do as the others did.
    if (this.#inForce === null && !isRefused) return { ok: false, reason, late: this.#applied(offer, lates) };
    await Promise.all(
      outcomes.map(({ worker, delivery }) => {
        if (delivery.ok) return this.#takeBack(worker, offer);
        void delivery.late?.then((isApplied) => {
          if (isApplied) this.#turn = this.#turn.then(() => this.#takeBack(worker, offer));
        });
        return undefined;
      }),
    );
    return { ok: false, reason };
  }

  /** Whether all run it in the end, and nothing else was agreed on meanwhile. */
  async #applied(offer: WholeOffer, lates: readonly Promise<boolean>[]): Promise<boolean> {
    const isApplied = (await Promise.all(lates)).every(Boolean) && this.#inForce === null;
    if (isApplied) this.#inForce = offer;
    return isApplied;
  }

  /**
   * At the first start there is none before; then nothing is served at all. Tried with growing pauses, between which other offers have
   * their turn; after that the process itself stands in the way, and another one begins with what all others run.
   */
  async #takeBack(worker: Worker, refused: WholeOffer, tries = 1): Promise<void> {
    const { id, supervisor } = worker;
    const before = this.#inForce;
    if (before === null || before === refused) return;
    const attempt = {};
    this.#goingBack.set(worker, attempt);
    const isWanted = (): boolean => this.#goingBack.get(worker) === attempt && this.#inForce === before;
    const delivery = await supervisor.deliver(before);
    if (delivery.ok) {
      this.#goingBack.delete(worker);
      return;
    }
    if (tries === 1)
      this.#say(
        `${id} could not go back from snapshot ${refused.version}, which others refuse, to ${before.version}: ${delivery.reason}`,
      );
    if (tries === BACK_TRIES) {
      this.#goingBack.delete(worker);
      this.#say(`${id} is started anew, since it does not go back to snapshot ${before.version}: ${delivery.reason}`);
      supervisor.restartWith(before);
      return;
    }
    this.#clock.after(BACK_AGAIN_FIRST_MS * 2 ** (tries - 1), () => {
      this.#turn = this.#turn.then(() => (isWanted() ? this.#takeBack(worker, refused, tries + 1) : undefined));
    });
  }
}

function endOfAll(ends: readonly End[]): End {
  const failure = ends.find((end) => end.failure !== null)?.failure ?? null;
  const isKnown = ends.every(({ cut }) => cut !== null);
  return { failure, cut: isKnown ? ends.reduce((sum, { cut }) => sum + (cut ?? 0), 0) : null };
}
