/**
 * What waits to be written to Redis, bounded in bytes and in number; what finds no place is refused, since the answer that
 * it belongs to has long been given. Of one variant only the latest is written. What other nodes wait for goes first: behind an
 * outage the rest may take a while. Sole owner of it. Pure.
 */
import { varyKey } from '../vary-key.js';
import type { L2Offer } from './l2.js';

/** What an offer takes beside its body: its head, its texts, its objects. */
const OFFER_BYTES = 1_000;

export interface QueueLimits {
  readonly bytes: number;
  readonly entries: number;
}

interface Queued {
  readonly offer: L2Offer;
  readonly bytes: number;
}

export class WriteQueue {
  #bytes = 0;
  #taken = 0;
  #limits: QueueLimits;
  /** Fetched for all nodes, and the others wait for it. */
  readonly #led = new Map<string, Queued>();
  readonly #queued = new Map<string, Queued>();

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** What waits already stays, and is written. */
  limit(limits: QueueLimits): void {
    this.#limits = limits;
  }

  /** Of what waits, and of what is being written. */
  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return this.#led.size + this.#queued.size + this.#taken;
  }

  /** 'refused', or what it takes the place of. */
  add(offer: L2Offer): 'refused' | L2Offer | null {
    const name = nameOf(offer);
    const before = this.#led.get(name) ?? this.#queued.get(name);
    const bytes = bytesOf(offer);
    if (this.#bytes - (before?.bytes ?? 0) + bytes > this.#limits.bytes) return 'refused';
    if (before === undefined && this.entries >= this.#limits.entries) return 'refused';
    this.#bytes += bytes - (before?.bytes ?? 0);
    const isLed = offer.lease !== undefined;
    (isLed ? this.#queued : this.#led).delete(name);
    (isLed ? this.#led : this.#queued).set(name, { offer, bytes });
    return before?.offer ?? null;
  }

  /** The oldest that others wait for, or else the oldest, to be written now; its bytes count until `release`. */
  take(): Taken | null {
    for (const queued of [this.#led, this.#queued]) {
      for (const [name, taken] of queued) {
        queued.delete(name);
        this.#taken += 1;
        return taken;
      }
    }
    return null;
  }

  release(taken: Taken): void {
    this.#taken -= 1;
    this.#bytes -= taken.bytes;
  }

  /** Nothing is written any more. */
  clear(): readonly L2Offer[] {
    const all = [...this.#led.values(), ...this.#queued.values()];
    for (const { bytes } of all) this.#bytes -= bytes;
    this.#led.clear();
    this.#queued.clear();
    return all.map(({ offer }) => offer);
  }
}

export type Taken = Queued;

const nameOf = ({ key, headers, stored }: L2Offer): string =>
  `${key}\0${stored.vary.join()}\0${varyKey(stored.vary, headers)}`;

function bytesOf({ key, stored, subject, body }: L2Offer): number {
  let bytes = OFFER_BYTES + 2 * key.length + body.bytes + subject.url.length;
  for (const text of stored.headers) bytes += text.length;
  for (const tag of subject.tags) bytes += tag.length;
  return bytes;
}
