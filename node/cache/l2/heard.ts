/**
 * What this node has heard of purges by other nodes, which Redis keeps a log of, the latest of them. It applies them in order to
 * its own memory; its own it has applied before it told them.
 *
 *            the next ones          a gap, or what can't be read        another epoch, or the first
 *   known ──────────────────▶ known ────────────────────────────▶ known ────────────────────────────▶ known
 *              obeyed                   everything is gone                  everything is stale
 *
 * In a gap there was a purge, so nothing less will do. With another epoch there may have been one, in the moment before
 * Redis lost its memory: then what is stored is asked for anew, and still stands in for an upstream that fails. Sole owner of
 * the number up to which this node has heard. Pure.
 */
import { purgeTarget } from '@weir/proto/events/cache.js';
import type { PurgeTarget } from '../purge/marks.js';
import type { Generation } from './generations.js';

/** As it stands in the log. */
export interface LogLine {
  readonly seq: number;
  /** Token of the node that purged. */
  readonly by: string;
  /** Empty: nothing that another node need do. */
  readonly text: string;
}

export interface Said {
  readonly target: PurgeTarget;
  readonly isSoft: boolean;
}

/** Lines that are asked for at once. */
export const LOG_AT_ONCE = 250;
/** Lines that Redis keeps: some 1 MiB, with the longest of URLs 40. */
export const LOG_MAX = 5_000;

const EVERYTHING: PurgeTarget = { kind: 'all' };

export class Heard {
  /** Purges of others that were obeyed, and how often it could not be known which they were. */
  obeyed = 0;
  lost = 0;
  readonly #self: string;
  #known: Generation | null = null;

  /** `self`: token of this node. */
  constructor(self: string) {
    this.#self = self;
  }

  get known(): Generation | null {
    return this.#known;
  }

  /** What follows from what Redis told: how far purges have come, and the lines after those that are known, the oldest first. */
  take(present: Generation, log: readonly LogLine[]): readonly Said[] {
    const known = this.#known;
    if (known?.epoch !== present.epoch) {
      if (known !== null) this.lost += 1;
      return this.#upTo(present, [{ target: EVERYTHING, isSoft: true }]);
    }
    let { seq } = known;
    const all: Said[] = [];
    for (const line of log) {
      const said = line.by === this.#self || line.text === '' ? null : saidIn(line.text);
      if (line.seq !== seq + 1 || said === 'unreadable') return this.#lose(present);
      seq = line.seq;
      if (said !== null) all.push(said);
    }
    if (seq < present.seq && log.length < LOG_AT_ONCE) return this.#lose(present);
    this.obeyed += all.length;
    return this.#upTo({ epoch: present.epoch, seq }, all);
  }

  #lose(present: Generation): readonly Said[] {
    this.lost += 1;
    return this.#upTo(present, [{ target: EVERYTHING, isSoft: false }]);
  }

  #upTo(known: Generation, said: readonly Said[]): readonly Said[] {
    this.#known = known;
    return said;
  }
}

export function lineOf({ target, isSoft }: Said): string {
  return JSON.stringify({ target, isSoft });
}

function saidIn(text: string): Said | 'unreadable' {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'unreadable';
  }
  if (typeof value !== 'object' || value === null) return 'unreadable';
  const target = purgeTarget.safeParse(Reflect.get(value, 'target'));
  const isSoft: unknown = Reflect.get(value, 'isSoft');
  return target.success && typeof isSoft === 'boolean' ? { target: target.data, isSoft } : 'unreadable';
}
