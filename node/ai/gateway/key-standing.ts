/**
 * Whether a key of a provider can be used: a pure machine, one for each key, and in it one for each model that the key was refused for.
 *
 *               429                 Retry-After
 *   usable ───────────▶ resting ───────────────▶ usable
 *     ▲    401, 402, 403                pause
 *     │    └──────────▶ out ───────────────────▶ due ── asked ──▶ on trial ── refused: pause twice as long ──▶ out
 *     └──────────────────────────────────────────────────────────────┘ taken
 *
 * 401 and 402 (and an account that has nothing left) are said of the key. 403 and 429 are said of the key at one model: limits are
 * per model at all large providers, and whoever may name any model of a provider must not take its keys from everybody else by naming
 * one that they may not use. What came of a request that began before the key was taken out says nothing about it since.
 *
 * In a cluster, nodes tell each other what they have met (key-reports.ts says what that is worth), and one tries for all: a key that is out
 * here is due when it is this node's turn. Whoever has tried in vain puts it off for the others as well, up to four times the pause
 * since they have met it themselves; and who was taken makes it due.
 */
import type { AiKeyWord } from '@weir/proto/events/ai-keys.js';
import type { ProviderErrorKind } from '../chat/provider-error.js';

/** How a request by a key ended. `answered`: also by a refusal for which the key had to be taken first. */
export type KeyVerdict = 'answered' | 'refused' | 'exhausted' | 'forbidden' | 'limited' | 'unknown';

/** `doubted`: another node says that it was refused. */
export type KeyState = 'usable' | 'doubted' | 'resting' | 'out' | 'due' | 'onTrial';

/** The other nodes, as one key has to do with them. */
export interface KeySight {
  opinion(model: string, nowMs: number): 'nothing' | 'doubted' | 'out';
  /** Until it is this node's turn to try. */
  turnMs(): number;
  refuted(model: string, nowMs: number): void;
  tell(model: string, word: AiKeyWord, forMs: number): void;
}

const alone: KeySight = { opinion: () => 'nothing', turnMs: () => 0, refuted: () => {}, tell: () => {} };

export const OUT_FIRST_MS = 30_000;
export const OUT_MAX_MS = 30 * 60_000;
/** Where a 429 does not say for how long. */
export const REST_MS = 2_000;
export const REST_MAX_MS = 10 * 60_000;
/** Models that a key is remembered to be refused for; beyond it the oldest is forgotten, and asked in vain once more. */
export const MODELS_MAX = 64;

export function verdictOf(error: ProviderErrorKind): KeyVerdict {
  switch (error) {
    case 'authentication':
      return 'refused';
    case 'quotaExhausted':
      return 'exhausted';
    case 'permission':
      return 'forbidden';
    case 'rateLimited':
      return 'limited';
    case 'invalidRequest':
    case 'requestTooLarge':
    case 'contextExceeded':
    case 'contentFiltered':
    case 'notFound':
      return 'answered';
    default:
      return 'unknown';
  }
}

interface Cell {
  kind: 'resting' | 'out';
  untilMs: number;
  pauseMs: number;
  isOnTrial: boolean;
  /** When it was met here. */
  readonly sinceMs: number;
  /** Another node was taken: it is due here, whosever turn it is. Believed once. */
  isCalledWell: boolean;
}

/** What others have tried in vain puts off by so many pauses at most. */
const PUT_OFF_PAUSES = 4;

/** What a request by the key has to give back when it ends. */
export interface KeyUse {
  readonly model: string;
  /** The cells that it is the trial of. */
  readonly trials: readonly Cell[];
}

export interface KeyCounts {
  takenOut: number;
  rested: number;
}

export class KeyStanding {
  readonly counts: KeyCounts = { takenOut: 0, rested: 0 };
  #whole: Cell | null = null;
  readonly #ofModel = new Map<string, Cell>();
  readonly #sight: KeySight;

  constructor(sight: KeySight = alone) {
    this.#sight = sight;
  }

  /** Of the key as a whole, as an operator sees it; `model`: for that one. */
  state(nowMs: number, model: string | null = null): KeyState {
    const whole = this.#stateOf(this.#whole, nowMs);
    const ofModel = model === null ? whole : this.#stateOf(this.#ofModel.get(model) ?? null, nowMs);
    const own = gravity[ofModel] > gravity[whole] ? ofModel : whole;
    if (own !== 'usable') return own;
    const heard = this.#sight.opinion(model ?? '', nowMs);
    return heard === 'nothing' ? own : heard;
  }

  /** When it can be used for the model again, as far as anybody knows. */
  readyAtMs(model: string, nowMs: number): number {
    return Math.max(readyOf(this.#whole, nowMs), readyOf(this.#ofModel.get(model) ?? null, nowMs));
  }

  /** What another node has met. It is of matter where this one has met it as well; else the reports are. */
  heard(model: string, word: AiKeyWord, forMs: number, nowMs: number): void {
    const cell = model === '' ? this.#whole : (this.#ofModel.get(model) ?? null);
    if (cell?.kind !== 'out' || cell.isOnTrial) return;
    if (word === 'out')
      cell.untilMs = Math.max(cell.untilMs, Math.min(nowMs + forMs, cell.sinceMs + PUT_OFF_PAUSES * cell.pauseMs));
    else if (word === 'well' && !cell.isCalledWell) {
      cell.isCalledWell = true;
      cell.untilMs = Math.min(cell.untilMs, nowMs);
    }
  }

  begin(model: string): KeyUse {
    const trials: Cell[] = [];
    for (const cell of [this.#whole, this.#ofModel.get(model) ?? null]) {
      if (cell?.kind !== 'out') continue;
      cell.isOnTrial = true;
      trials.push(cell);
    }
    return { model, trials };
  }

  end({ model, trials }: KeyUse, verdict: KeyVerdict, retryAfterMs: number | null, nowMs: number): void {
    for (const cell of trials) cell.isOnTrial = false;
    switch (verdict) {
      case 'answered':
        this.#sight.refuted(model, nowMs);
        for (const cell of trials)
          if (cell.kind === 'out') this.#sight.tell(cell === this.#whole ? '' : model, 'well', 0);
        if (this.#whole !== null && trials.includes(this.#whole)) this.#whole = null;
        if (trials.some((cell) => cell === this.#ofModel.get(model))) this.#ofModel.delete(model);
        break;
      case 'refused':
      case 'exhausted':
        this.#whole = this.#out(this.#whole, trials, nowMs);
        this.#tellOf('', this.#whole, nowMs);
        break;
      case 'forbidden':
        // A key that is told what it may not do was taken.
        if (this.#whole !== null && trials.includes(this.#whole)) this.#whole = null;
        this.#keep(model, this.#out(this.#ofModel.get(model) ?? null, trials, nowMs));
        this.#tellOf(model, this.#ofModel.get(model), nowMs);
        break;
      case 'limited':
        if (this.#whole !== null && trials.includes(this.#whole)) this.#whole = null;
        this.#rest(model, trials, Math.min(REST_MAX_MS, retryAfterMs ?? REST_MS), nowMs);
        break;
      case 'unknown':
        // The trial has found nothing out; the next one comes after the same pause.
        for (const cell of trials) cell.untilMs = nowMs + cell.pauseMs;
    }
  }

  #tellOf(model: string, cell: Cell | undefined, nowMs: number): void {
    if (cell !== undefined) this.#sight.tell(model, cell.kind, Math.max(0, cell.untilMs - nowMs));
  }

  #stateOf(cell: Cell | null, nowMs: number): KeyState {
    const turnMs = cell?.kind === 'out' && !cell.isCalledWell ? this.#sight.turnMs() : 0;
    return stateOf(cell, nowMs, turnMs);
  }

  #out(before: Cell | null, trials: readonly Cell[], nowMs: number): Cell {
    const isTrial = before !== null && trials.includes(before);
    if (before?.kind === 'out' && !isTrial) return before;
    const pauseMs = isTrial ? Math.min(OUT_MAX_MS, before.pauseMs * 2) : OUT_FIRST_MS;
    this.counts.takenOut += 1;
    const untilMs = nowMs + pauseMs;
    return { kind: 'out', untilMs, pauseMs, isOnTrial: false, sinceMs: nowMs, isCalledWell: false };
  }

  #rest(model: string, trials: readonly Cell[], restMs: number, nowMs: number): void {
    const before = this.#ofModel.get(model) ?? null;
    if (before?.kind === 'out' && !trials.includes(before)) return;
    const untilMs = Math.max(before?.kind === 'resting' ? before.untilMs : 0, nowMs + restMs);
    this.counts.rested += 1;
    const cell = {
      kind: 'resting',
      untilMs,
      pauseMs: restMs,
      isOnTrial: false,
      sinceMs: nowMs,
      isCalledWell: false,
    } as const;
    this.#keep(model, { ...cell });
    this.#tellOf(model, this.#ofModel.get(model), nowMs);
  }

  #keep(model: string, cell: Cell): void {
    this.#ofModel.delete(model);
    this.#ofModel.set(model, cell);
    const [oldest] = this.#ofModel.keys();
    if (this.#ofModel.size > MODELS_MAX && oldest !== undefined) this.#ofModel.delete(oldest);
  }
}

/** Which of two states a key is in that is in both. */
const gravity: Readonly<Record<KeyState, number>> = { usable: 0, doubted: 1, due: 2, resting: 3, onTrial: 4, out: 5 };

function stateOf(cell: Cell | null, nowMs: number, turnMs: number): KeyState {
  if (cell === null) return 'usable';
  if (cell.kind === 'resting') return nowMs < cell.untilMs ? 'resting' : 'usable';
  if (cell.isOnTrial) return 'onTrial';
  return nowMs < cell.untilMs + turnMs ? 'out' : 'due';
}

function readyOf(cell: Cell | null, nowMs: number): number {
  if (cell === null) return nowMs;
  return Math.max(nowMs, cell.isOnTrial ? nowMs + cell.pauseMs : cell.untilMs);
}
