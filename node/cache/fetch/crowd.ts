/** Who waits for one fetch, and who of them began it: whose the answer is, and who is released to ask anew. Owns the list. */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { Entry } from '../store/l1.js';
import type { Stored } from '../stored.js';
import { varyKey } from '../vary-key.js';
import type { Shared, Waiter } from './waiter.js';

export class Crowd {
  readonly #waiters = new Set<Waiter>();
  /** Of the request that was sent. */
  readonly #headers: HeaderList;
  #leader: Waiter | null;

  /** `leader`: who began it; null: it is for nobody. */
  constructor(leader: Waiter | null, headers: HeaderList) {
    this.#leader = leader;
    this.#headers = headers;
    if (leader !== null) this.#waiters.add(leader);
  }

  /** Null: it was for nobody, or has left. */
  get leader(): Waiter | null {
    return this.#leader;
  }

  get size(): number {
    return this.#waiters.size;
  }

  add(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#leader === waiter) this.#leader = null;
  }

  /** As they are now, for whoever changes the list meanwhile. */
  all(): Waiter[] {
    return [...this.#waiters];
  }

  /** All of them, and none is left; the leader is still known. */
  takeAll(): Waiter[] {
    const waiters = this.all();
    this.#waiters.clear();
    return waiters;
  }

  /** Whether an answer with this Vary is one to its request as well. */
  isFor(waiter: Waiter, { vary }: Stored): boolean {
    return vary.length === 0 || varyKey(vary, waiter.headers) === varyKey(vary, this.#headers);
  }

  /** The copy is the answer, to the leader and, `isForAll`, to all whose it can be; nobody waits any more. */
  confirm(entry: Entry, isForAll: boolean): void {
    const leader = this.#leader;
    for (const waiter of this.takeAll()) {
      if (waiter === leader || (isForAll && this.isFor(waiter, entry.stored))) waiter.confirmed(entry);
      else waiter.released('alone');
    }
  }

  /** Likewise an answer that is being stored; they wait on for the rest of it. */
  share(answer: Shared, isForAll: boolean): void {
    const leader = this.#leader;
    for (const waiter of this.all()) {
      if (waiter === leader || (isForAll && this.isFor(waiter, answer.stored))) waiter.shared(answer);
      else {
        this.#waiters.delete(waiter);
        waiter.released('alone');
      }
    }
  }
}
