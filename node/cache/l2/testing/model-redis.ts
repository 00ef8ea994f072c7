/**
 * What scripts.ts does with the marks of purges, said once more without Redis, so that ten thousand histories can be tried.
 * test/integration/cache-l2/marks.test.ts holds both against each other.
 */
import type { Generation, MarkPlace } from '../generations.js';

interface Kept {
  readonly epoch: string;
  readonly run: number;
  seq: number;
  readonly marks: Map<string, string>;
}

export type Saved = Kept | null;

export class ModelRedis {
  #run = 1;
  #epochs = 0;
  #kept: Kept | null = null;
  readonly #marksMax: number;
  readonly #prefixesMax: number;

  constructor(marksMax = 20, prefixesMax = 3) {
    this.#marksMax = marksMax;
    this.#prefixesMax = prefixesMax;
  }

  present(): Generation | null {
    return this.#kept === null ? null : { epoch: this.#kept.epoch, seq: this.#kept.seq };
  }

  get(field: string): string | null {
    return this.#kept?.marks.get(field) ?? null;
  }

  fields(): string[] {
    return [...(this.#kept?.marks.keys() ?? [])].sort();
  }

  adopt(): Generation {
    if (this.#kept === null || this.#kept.run !== this.#run) {
      this.#epochs += 1;
      this.#kept = { epoch: `e${this.#epochs}`, run: this.#run, seq: 0, marks: new Map() };
    }
    return { epoch: this.#kept.epoch, seq: this.#kept.seq };
  }

  /** Times are numbers of purges here. */
  mark({ field, prefix }: MarkPlace, isSoft: boolean): number {
    const kept = this.#kept;
    if (kept === null) return 0;
    kept.seq += 1;
    const { seq, marks } = kept;
    const raised = (before: readonly string[]): string => {
      const [hard = '0', soft = '0', at = '0'] = before;
      return isSoft ? `${hard} ${seq} ${seq}` : `${seq} ${soft} ${at}`;
    };
    if (prefix === null) marks.set(field, raised(marks.get(field)?.split(' ') ?? []));
    else {
      const own = `${prefix.length} ${prefix.digest} `;
      const lines = (marks.get(field) ?? '').split('\n').filter((line) => line !== '');
      const before = lines.find((line) => line.startsWith(own));
      const others = lines.filter((line) => line !== before);
      if (others.length < this.#prefixesMax) {
        const line = own + raised(before?.slice(own.length).split(' ') ?? []);
        marks.set(field, [...others, line].map((text) => `${text}\n`).join(''));
      } else {
        marks.delete(field);
        marks.set(`h:${field.slice(2)}`, `${seq} 0 0`);
      }
    }
    // Three fields of the hash are no marks.
    if (marks.size + 3 > this.#marksMax) {
      marks.clear();
      marks.set('all', `${seq} 0 0`);
    }
    return seq;
  }

  flush(): void {
    this.#kept = null;
  }

  save(): Saved {
    return this.#kept === null ? null : { ...this.#kept, marks: new Map(this.#kept.marks) };
  }

  restart(saved: Saved): void {
    this.#run += 1;
    this.#kept = saved === null ? null : { ...saved, marks: new Map(saved.marks) };
  }
}
