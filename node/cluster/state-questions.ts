/**
 * Asks other nodes for what they hold to be out: whoever has told what was missed, and, of those that a new node meets, the first
 * that answers. Owns who is still to be asked, and who did not answer.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import { outsMax, partsMax, type StandingOut } from '@weir/proto/events/health-state.js';
import { decodeMessage } from '@weir/proto/events/wire.js';

export interface QuestionParts {
  readonly presence: Pick<Presence, 'ask'>;
  /** Whether that node is there, in that life of it. */
  readonly isOfItsLife: (id: string, incarnation: number) => boolean;
  readonly isThere: (id: string) => boolean;
  readonly onAsked: () => void;
  /** The whole state of a node, as of that number of its stream; `isFirst`: this node has heard none before. */
  readonly onState: (id: string, seq: number, outs: readonly StandingOut[], isFirst: boolean) => void;
}

const ASK_MS = 2_000;
/** Members that are to be asked; beyond it nobody is added, and what was missed ends with its time. */
const ASKS_MAX = 64;
/** Who does not answer for about a minute, and tells all the same, may be of a release that has no answers. */
const ASK_TIMES_MAX = 20;

export class StateQuestions {
  readonly #parts: QuestionParts;
  /** Who, and whether only because this node is new: then one answer is enough. */
  readonly #toAsk = new Map<string, { readonly isGreeting: boolean }>();
  readonly #unanswered = new Map<string, { readonly isGreeting: boolean; readonly times: number }>();
  #isAsking = false;
  #isWarm = false;
  #hasEnded = false;

  constructor(parts: QuestionParts) {
    this.#parts = parts;
  }

  /** Somebody has answered. */
  get isWarm(): boolean {
    return this.#isWarm;
  }

  ask(id: string, isGreeting = false): void {
    const before = this.#toAsk.get(id);
    if (before !== undefined || this.#toAsk.size < ASKS_MAX)
      this.#toAsk.set(id, { isGreeting: isGreeting && before?.isGreeting !== false });
    if (!this.#isAsking) void this.#askAll();
  }

  /** Until it answers or is gone: what was missed of it would be missed until it is told again. */
  askAgain(): void {
    for (const [id, { isGreeting, times }] of this.#unanswered) {
      const isOver = (isGreeting && this.#isWarm) || times >= ASK_TIMES_MAX || !this.#parts.isThere(id);
      if (isOver) this.#unanswered.delete(id);
      else this.ask(id, isGreeting);
    }
  }

  end(): void {
    this.#hasEnded = true;
  }

  /** One after the other: many have something to say at once when a bus comes back. */
  async #askAll(): Promise<void> {
    this.#isAsking = true;
    for (const [id, { isGreeting }] of this.#toAsk) {
      this.#toAsk.delete(id);
      if (isGreeting && this.#isWarm) continue;
      const isAnswered = await this.#askOne(id);
      if (this.#hasEnded) return;
      if (isAnswered) {
        this.#isWarm = true;
        this.#unanswered.delete(id);
      } else this.#unanswered.set(id, { isGreeting, times: (this.#unanswered.get(id)?.times ?? 0) + 1 });
    }
    this.#isAsking = false;
  }

  /** What came of an answer that broke off is not used: what is missing in it would look as if it were well. */
  async #askOne(id: string): Promise<boolean> {
    const { presence, isOfItsLife, onAsked, onState } = this.#parts;
    const outs: StandingOut[] = [];
    let seq = Number.POSITIVE_INFINITY;
    for (let part = 0, total = 1; part < partsMax && part * outsMax < total; part += 1) {
      onAsked();
      const bytes = await presence.ask(id, 'health', Uint8Array.of(part), ASK_MS);
      const decoded = bytes === null ? null : decodeMessage(bytes);
      if (this.#hasEnded || decoded?.ok !== true || decoded.message.kind !== 'health.state') return false;
      if (decoded.message.id !== id || !isOfItsLife(id, decoded.message.incarnation)) return false;
      outs.push(...decoded.message.outs);
      // Between two parts something may have changed: then it is told, or missed, by a number behind this.
      seq = Math.min(seq, decoded.message.seq);
      total = decoded.message.total;
    }
    onState(id, seq, outs, !this.#isWarm);
    return true;
  }
}
