/**
 * Answers in their compressed form, for the next who asks for the same: by address, entity tag and coding, so a form is that of exactly one
 * representation. Bounded in bytes twice: what a route may keep, and what the node keeps for all of them. Whatever was unused for longest makes
 * room; so do the forms of a route that is compiled anew, which nobody asks for any more. Pure.
 */
import { keptFormsBytesMax } from '@weir/proto/snapshot/optimize.js';

/** Of one; a larger one would push out too many others. */
export const formBytesMax = 1024 * 1024;
/** What an entry takes besides its bytes and key. */
const ENTRY_BYTES = 200;

interface Kept {
  readonly form: Uint8Array;
  readonly bytes: number;
  readonly key: string;
  readonly of: RouteForms;
}

/** Of a node; it outlives snapshots. */
export class KeptForms {
  readonly #bytesMax: number;
  /** In the order of their last use. */
  readonly #all = new Set<Kept>();
  #bytes = 0;
  #evictions = 0;

  constructor(bytesMax: number = keptFormsBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** For one route, as it is compiled; 0: it keeps none. */
  open(bytesMax: number): RouteForms {
    return new RouteForms(this, Math.min(bytesMax, this.#bytesMax));
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#all.size;
  }

  /** How many have made room for others. */
  get evictions(): number {
    return this.#evictions;
  }

  used(kept: Kept): void {
    this.#all.delete(kept);
    this.#all.add(kept);
  }

  added(kept: Kept): void {
    this.#all.add(kept);
    this.#bytes += kept.bytes;
    for (const oldest of this.#all) {
      if (this.#bytes <= this.#bytesMax) return;
      oldest.of.evict(oldest);
    }
  }

  removed(kept: Kept): void {
    this.#all.delete(kept);
    this.#bytes -= kept.bytes;
    this.#evictions += 1;
  }
}

export class RouteForms {
  readonly #node: KeptForms;
  readonly #bytesMax: number;
  /** In the order of their last use. */
  readonly #forms = new Map<string, Kept>();
  #bytes = 0;

  constructor(node: KeptForms, bytesMax: number) {
    this.#node = node;
    this.#bytesMax = bytesMax;
  }

  get(key: string): Uint8Array | undefined {
    const kept = this.#forms.get(key);
    if (kept === undefined) return undefined;
    this.#forms.delete(key);
    this.#forms.set(key, kept);
    this.#node.used(kept);
    return kept.form;
  }

  put(key: string, form: Uint8Array): void {
    const bytes = form.length + 2 * key.length + ENTRY_BYTES;
    if (form.length > formBytesMax || bytes > this.#bytesMax || this.#forms.has(key)) return;
    const kept: Kept = { form, bytes, key, of: this };
    this.#forms.set(key, kept);
    this.#bytes += bytes;
    for (const oldest of this.#forms.values()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#leave(oldest);
      this.#node.removed(oldest);
    }
    this.#node.added(kept);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Asked by the node, which needs the room. */
  evict(kept: Kept): void {
    this.#leave(kept);
    this.#node.removed(kept);
  }

  #leave(kept: Kept): void {
    this.#forms.delete(kept.key);
    this.#bytes -= kept.bytes;
  }
}
