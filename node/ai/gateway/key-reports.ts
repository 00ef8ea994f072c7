/**
 * What other nodes say of keys of providers, and what it is worth. Pure.
 *
 *   one report                                     doubted   other keys are taken first; a request by this one is the proof
 *   reports of more than half of all nodes          out       it is not taken, for as long as they say, and a minute at most
 *   an answer that was got by the key here          refuted   whoever has told is not heard for a minute
 *
 * So a minority never takes a key out, whatever it says and however often, and own sight goes before what is told.
 */
import type { AiKeyReport } from '@weir/proto/events/ai-keys.js';

export type Heard = 'nothing' | 'doubted' | 'out';

/** What is still true after this is told again. */
const REPORT_MS_MAX = 60_000;
const FORGIVEN_MS = 60_000;
/** Of keys and models; beyond it the one that was told of first is forgotten. */
const PLACES_MAX = 10_000;
const REFUTED_MAX = 1_000;

export class KeyReports {
  /** By key and model, then by peer: until when. */
  readonly #places = new Map<string, Map<string, number>>();
  /** Peers that were wrong, and until when they are not heard. */
  readonly #refuted = new Map<string, number>();

  hear(peer: string, [key, model, word, forMs]: AiKeyReport, nowMs: number): void {
    const place = placeOf(key, model);
    if (word === 'well') {
      this.#places.get(place)?.delete(peer);
      return;
    }
    const peers = this.#places.get(place) ?? new Map<string, number>();
    this.#places.set(place, peers);
    peers.set(peer, nowMs + Math.min(forMs, REPORT_MS_MAX));
    const [oldest] = this.#places.keys();
    if (this.#places.size > PLACES_MAX && oldest !== undefined) this.#places.delete(oldest);
  }

  /** A peer is gone, and what it said with it. */
  forget(peer: string): void {
    for (const peers of this.#places.values()) peers.delete(peer);
    this.#refuted.delete(peer);
  }

  /** The key was taken here, at this model. */
  refute(key: string, model: string, nowMs: number): void {
    for (const place of [placeOf(key, ''), placeOf(key, model)]) {
      for (const peer of this.#places.get(place)?.keys() ?? []) {
        if (this.#refuted.size < REFUTED_MAX) this.#refuted.set(peer, nowMs + FORGIVEN_MS);
      }
      this.#places.delete(place);
    }
  }

  /** `nodes`: all, this one included. */
  opinion(key: string, model: string, nodes: number, nowMs: number): Heard {
    if (this.#places.size === 0) return 'nothing';
    const by = new Set<string>();
    for (const place of [placeOf(key, ''), placeOf(key, model)]) {
      for (const [peer, untilMs] of this.#places.get(place) ?? []) {
        if (untilMs > nowMs && !((this.#refuted.get(peer) ?? 0) > nowMs)) by.add(peer);
      }
    }
    if (by.size === 0) return 'nothing';
    return by.size > nodes / 2 ? 'out' : 'doubted';
  }
}

const placeOf = (key: string, model: string): string => `${key} ${model}`;
