/**
 * Questions that mean the same: a vector of the last words of the user is made by a model of the operator's choice, and the nearest one
 * of the same scope has the answer, if it is near enough. A vector that is late is a miss, and may still be kept with the answer.
 */
import type { AiSemanticSpec } from '@weir/proto/snapshot/ai.js';
import { cacheL2Defaults } from '@weir/proto/snapshot/cache.js';
import type { ChainServices } from '../../pipeline/services.js';
import { Aside } from '../budget/aside.js';
import type { AiRules } from '../gateway/ai-route.js';
import type { Question } from '../gateway/chat-layer.js';
import { embed } from './embed.js';
import type { VectorLimits, VectorStore } from './vector-store.js';
import { unit } from './vectors.js';

export class Likeness {
  readonly #scope: string;
  readonly #text: string;
  readonly #question: Question;
  readonly #spec: AiSemanticSpec;
  readonly #rules: AiRules;
  readonly #store: VectorStore;
  readonly #limits: VectorLimits;
  #vector: Float32Array | null = null;
  #cancel: () => void = () => {};

  constructor(scope: string, text: string, question: Question, spec: AiSemanticSpec, rules: AiRules) {
    this.#scope = scope;
    this.#text = text;
    this.#question = question;
    this.#spec = spec;
    this.#rules = rules;
    this.#store = rules.ai.vectors.of(spec.store);
    this.#limits = vectorLimits(spec, rules.services);
  }

  /**
   * Keys of the nearest questions, the nearest first; none: none is near enough, or it is not known in time. Called once, unless it is
   * given up.
   */
  look(go: (keys: readonly string[]) => void): void {
    const { services, ai } = this.#rules;
    let isTold = false;
    const tell = (keys: readonly string[]): void => {
      if (isTold) return;
      isTold = true;
      limit.cancel();
      try {
        go(keys);
      } catch (error) {
        services.onBug(error);
      }
    };
    const limit = services.timers.create(() => {
      ai.vectors.late += 1;
      tell([]);
    });
    limit.arm(this.#spec.timeoutMs);
    // What other nodes know is read while the vector is made.
    const looking = this.#store.look(this.#scope, this.#limits);
    const { provider, model } = this.#spec;
    const aside = new Aside({ provider, model, text: this.#text }, this.#question, this.#rules.gate);
    let cancelEmbedding = (): void => {};
    this.#cancel = () => {
      isTold = true;
      limit.cancel();
      looking.giveUp();
      cancelEmbedding();
      aside.settle('guess');
    };
    aside.begin((hasRoom) => {
      // Without room for it, or behind its time, the vector is not asked for.
      if (!hasRoom || isTold) {
        aside.settle(null);
        if (!isTold) ai.vectors.failed += 1;
        tell([]);
        return;
      }
      cancelEmbedding = embed(this.#text, this.#question.request, this.#spec, this.#rules, (vector, took) => {
        aside.settle(took);
        this.#vector = vector === null ? null : unit(vector);
        if (this.#vector === null) ai.vectors.failed += vector === null && !isTold ? 1 : 0;
        if (this.#vector === null || isTold) tell([]);
        else looking.nearest(this.#vector, this.#spec.threshold, tell);
      });
    });
  }

  /** Its answer is stored under this key. */
  keep(key: string, ttlMs: number): void {
    if (this.#vector !== null) this.#store.add(this.#scope, { key, vector: this.#vector }, ttlMs, this.#limits);
  }

  /** The answer under a key that was found is nowhere. */
  withoutAnswer(key: string): void {
    this.#store.withoutAnswer(this.#scope, key);
  }

  giveUp(): void {
    this.#cancel();
  }
}

/** As patient with Redis as the second level of the cache is, where the answers are. */
export function vectorLimits(
  { entriesMax }: AiSemanticSpec,
  { gateway }: Pick<ChainServices, 'gateway'>,
): VectorLimits {
  const { readTimeoutMs, pieceTimeoutMs, writeTimeoutMs } = gateway.cache.l2 ?? cacheL2Defaults;
  // A page is as long as a piece of a body, and is never given up before those who wait for it are.
  const answerWithinMs = Math.max(readTimeoutMs, pieceTimeoutMs);
  return { entriesMax, withinMs: readTimeoutMs, answerWithinMs, tellWithinMs: writeTimeoutMs };
}
