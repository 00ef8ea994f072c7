/**
 * Questions that mean the same: a vector of the last words of the user is made by a model of the operator's choice, and the nearest one
 * of the same scope has the answer, if it is near enough. A vector that is late is a miss, and may still be kept with the answer.
 */
import type { AiSemanticSpec } from '@weir/proto/snapshot/ai.js';
import { Aside } from '../budget/aside.js';
import type { AiRules } from '../gateway/ai-route.js';
import type { Question } from '../gateway/chat-layer.js';
import { embed } from './embed.js';
import { unit } from './vectors.js';

export class Likeness {
  readonly #scope: string;
  readonly #text: string;
  readonly #question: Question;
  readonly #spec: AiSemanticSpec;
  readonly #rules: AiRules;
  #vector: Float32Array | null = null;
  #cancel: () => void = () => {};

  constructor(scope: string, text: string, question: Question, spec: AiSemanticSpec, rules: AiRules) {
    this.#scope = scope;
    this.#text = text;
    this.#question = question;
    this.#spec = spec;
    this.#rules = rules;
  }

  /** The key of the nearest question; null: none is near enough, or it is not known in time. Called once, unless it is given up. */
  look(go: (key: string | null) => void): void {
    const { services, ai } = this.#rules;
    let isTold = false;
    const tell = (key: string | null): void => {
      if (isTold) return;
      isTold = true;
      limit.cancel();
      go(key);
    };
    const limit = services.timers.create(() => {
      ai.vectors.late += 1;
      tell(null);
    });
    limit.arm(this.#spec.timeoutMs);
    const { provider, model } = this.#spec;
    const aside = new Aside({ provider, model, text: this.#text }, this.#question, this.#rules.gate);
    let cancelEmbedding = (): void => {};
    this.#cancel = () => {
      isTold = true;
      limit.cancel();
      cancelEmbedding();
      aside.settle('guess');
    };
    aside.begin((hasRoom) => {
      // Without room for it, or behind its time, the vector is not asked for.
      if (!hasRoom || isTold) {
        aside.settle(null);
        if (!isTold) ai.vectors.failed += 1;
        tell(null);
        return;
      }
      cancelEmbedding = embed(this.#text, this.#question.request, this.#spec, this.#rules, (vector, took) => {
        aside.settle(took);
        this.#vector = vector === null ? null : unit(vector);
        if (this.#vector === null) ai.vectors.failed += vector === null && !isTold ? 1 : 0;
        if (this.#vector === null || isTold) tell(null);
        else tell(ai.vectors.nearest(this.#scope, this.#vector, this.#spec.threshold, services.clock.nowMs()));
      });
    });
  }

  /** Its answer is stored under this key. */
  keep(key: string, ttlMs: number): void {
    if (this.#vector === null) return;
    const { services, ai } = this.#rules;
    const nowMs = services.clock.nowMs();
    ai.vectors.add(this.#scope, { key, vector: this.#vector, untilMs: nowMs + ttlMs }, this.#spec.entriesMax, nowMs);
  }

  giveUp(): void {
    this.#cancel();
  }
}
