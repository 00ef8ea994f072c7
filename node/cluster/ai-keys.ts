/**
 * Drives what nodes tell each other of keys of AI providers: what was met here is told at once, and again while it lasts; what others say is
 * kept by ai/gateway/key-reports.ts; how fast models were goes with it, and comes to ai/route/speeds.ts. And says whose turn it is to try a key that is out: of all nodes the one with the highest hash of key
 * and node (rendezvous hashing), and the next one a while later, where that has no request for it.
 */
import type { Presence } from '@weir/proto/cluster/presence.js';
import {
  AI_KEY_MODEL_LENGTH_MAX,
  type AiKeyReport,
  type AiKeyWord,
  type AiSpeedReport,
  aiKeysMax,
  aiSpeedsMax,
} from '@weir/proto/events/ai-keys.js';
import { type Heard, KeyReports } from '../ai/gateway/key-reports.js';
import type { KeySight, KeyStanding } from '../ai/gateway/key-standing.js';
import type { Speeds } from '../ai/route/speeds.js';
import type { Clock, Timer, Timers } from '../time/clock.js';
import { hash32, mix32 } from '../upstream/balance/hash.js';

export interface ClusterKeysParts {
  readonly presence: Pick<Presence, 'hear' | 'life' | 'members' | 'nodes' | 'onChange' | 'tell'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly speeds: Speeds;
}

/** From one node's turn to the next one's. */
export const TURN_MS = 5_000;
const TURNS_MAX = 6;
const TELL_AGAIN_MS = 10_000;

export class ClusterKeys {
  readonly #parts: ClusterKeysParts;
  readonly #reports = new KeyReports();
  readonly #standings = new Map<string, WeakRef<KeyStanding>>();
  /** What was met here, by key and model, until when. */
  readonly #own = new Map<string, { readonly report: AiKeyReport; readonly untilMs: number }>();
  /** Up to when others know what was seen of models here. */
  #speedsToldAtMs: number;
  readonly #timer: Timer;
  readonly #ends: (() => void)[];

  constructor(parts: ClusterKeysParts) {
    this.#parts = parts;
    const { presence, clock, timers } = parts;
    this.#speedsToldAtMs = clock.nowMs();
    this.#timer = timers.create(() => this.#tellAgain());
    this.#ends = [
      presence.hear('ai.keys', ({ id, keys, speeds = [] }) => {
        if (id === presence.life.id) return;
        for (const report of keys) this.#hear(id, report, clock.nowMs());
        for (const report of speeds) this.#hearSpeed(report, clock.nowMs());
      }),
      presence.onChange(({ life, standing }) => {
        if (standing === 'dead' || standing === 'left') this.#reports.forget(life.id);
      }),
    ];
    this.#timer.arm(TELL_AGAIN_MS);
  }

  /** What a standing asks and tells; `key`: a digest that names it, the same on all nodes. */
  sightOf(key: string): KeySight {
    return {
      opinion: (model, nowMs): Heard => this.#reports.opinion(key, model, this.#parts.presence.nodes(), nowMs),
      turnMs: () => this.#turn(key) * TURN_MS,
      refuted: (model, nowMs) => this.#reports.refute(key, model, nowMs),
      tell: (model, word, forMs) => this.#tell(key, model, word, forMs),
    };
  }

  know(key: string, standing: KeyStanding): void {
    this.#standings.set(key, new WeakRef(standing));
  }

  close(): void {
    this.#timer.cancel();
    for (const end of this.#ends) end();
  }

  #hear(peer: string, report: AiKeyReport, nowMs: number): void {
    this.#reports.hear(peer, report, nowMs);
    const [key, model, word, forMs] = report;
    this.#standings.get(key)?.deref()?.heard(model, word, forMs, nowMs);
  }

  #hearSpeed([model, firstTokenMs, milliTokensPerS]: AiSpeedReport, nowMs: number): void {
    this.#parts.speeds.heard({ model, firstTokenMs, tokensPerMs: milliTokensPerS / 1_000_000 }, nowMs);
  }

  #tell(key: string, model: string, word: AiKeyWord, forMs: number): void {
    const whole = Math.ceil(forMs);
    // No message may hold it: it would take all others of its message with it.
    if (model.length > AI_KEY_MODEL_LENGTH_MAX) return;
    const report: AiKeyReport = [key, model, word, whole];
    const place = `${key} ${model}`;
    if (word === 'well') this.#own.delete(place);
    else if (this.#own.size < aiKeysMax || this.#own.has(place))
      this.#own.set(place, { report, untilMs: this.#parts.clock.nowMs() + whole });
    this.#send([report]);
  }

  #tellAgain(): void {
    const nowMs = this.#parts.clock.nowMs();
    const still: AiKeyReport[] = [];
    for (const [place, { report, untilMs }] of this.#own) {
      if (untilMs <= nowMs) this.#own.delete(place);
      else still.push([report[0], report[1], report[2], Math.ceil(untilMs - nowMs)]);
    }
    if (still.length > 0) this.#send(still);
    this.#tellSpeeds(nowMs);
    for (const [key, standing] of this.#standings) if (standing.deref() === undefined) this.#standings.delete(key);
    this.#timer.arm(TELL_AGAIN_MS);
  }

  /** In a message of its own: lists of both may be long. */
  #tellSpeeds(nowMs: number): void {
    const seen = this.#parts.speeds
      .seenSince(this.#speedsToldAtMs, aiSpeedsMax)
      .filter(({ model }) => model.length <= AI_KEY_MODEL_LENGTH_MAX)
      .map(({ model, firstTokenMs, tokensPerMs }): AiSpeedReport => {
        return [model, Math.round(firstTokenMs), Math.round(tokensPerMs * 1_000_000)];
      });
    this.#speedsToldAtMs = nowMs;
    if (seen.length > 0) this.#send([], seen);
  }

  #send(keys: readonly AiKeyReport[], speeds: readonly AiSpeedReport[] = []): void {
    const { presence } = this.#parts;
    const { id, incarnation } = presence.life;
    presence.tell({ kind: 'ai.keys', id, incarnation, keys, ...(speeds.length === 0 ? {} : { speeds }) });
  }

  /** How many nodes come before this one. */
  #turn(key: string): number {
    const { presence } = this.#parts;
    const target = hash32(key);
    const { id: own } = presence.life;
    const ownRank = mix32(target ^ hash32(own));
    let before = 0;
    for (const { life, standing, heartbeat } of presence.members()) {
      if (standing !== 'alive' || heartbeat.role !== 'node') continue;
      const rank = mix32(target ^ hash32(life.id));
      if (rank > ownRank || (rank === ownRank && life.id < own)) before += 1;
    }
    return Math.min(before, TURNS_MAX);
  }
}
