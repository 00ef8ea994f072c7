/**
 * What happens between the first level, which has nothing, and the upstream: the second level is asked, once for all
 * requests of this node that come meanwhile, and what it has is kept in the first. A body is read whole before anything of
 * it is sent, so that no answer breaks off because Redis has lost a piece.
 *
 *   nothing in L1 ── L2 ─┬─ found ─────────────────▶ L1, and the request is answered as if it had been there
 *                        └─ not found ── lease ─┬──▶ leads, alone: the upstream
 *                                               └──▶ follows: waits for the other node, then found, or the upstream
 *
 * Owns the requests that wait for it.
 */
import { failure } from '@weir/proto/http/failures.js';
import type { Cancel, ResponseHandler } from '../../pipeline/dispatch.js';
import type { Clock } from '../../time/clock.js';
import type { Following, L2, L2Body, L2Found, Lease } from '../l2/l2.js';
import type { PurgeMarks } from '../purge/marks.js';
import type { StoredBody } from '../store/body.js';
import type { Entry, Found, L1 } from '../store/l1.js';

export interface Level {
  readonly found: Found | null;
  /** For the one who goes on to the upstream first. */
  readonly lease: Lease | null;
}

export interface Wanted {
  /** In the first level, and in the second. */
  readonly key: string;
  readonly sharedKey: string;
  readonly headers: readonly string[];
  readonly bodyBytesMax: number;
  /** Several may wait for one answer. */
  readonly collapses: boolean;
}

interface Waiting {
  readonly go: (level: Level) => Cancel;
  readonly handler: ResponseHandler;
  cancel: Cancel | null;
  isOver: boolean;
}

/** All who wait for one answer. */
interface LookUp {
  readonly all: Waiting[];
  /** While another node fetches it. */
  following: Following | null;
}

/** Keys that are asked for at once; beyond it the upstream is asked. What is followed has a bound of its own (`l2/leases.ts`). */
const LOOK_UPS_MAX = 500;
/** A body that takes longer is not worth waiting for. */
const BODY_WITHIN_MS = 250;

const NOTHING: Level = { found: null, lease: null };

export class SecondLevel {
  readonly l2: L2;
  readonly #l1: L1;
  readonly #marks: PurgeMarks;
  readonly #clock: Clock;
  readonly #asked = new Map<string, LookUp>();
  #follows = 0;

  constructor(l2: L2, l1: L1, marks: PurgeMarks, clock: Clock) {
    this.l2 = l2;
    this.#l1 = l1;
    this.#marks = marks;
    this.#clock = clock;
  }

  get mayAsk(): boolean {
    return this.l2.isReadable && this.#asked.size - this.#follows < LOOK_UPS_MAX;
  }

  /** Goes on by `go`, once it is known; `handler` hears of a bug in that. */
  ask(wanted: Wanted, handler: ResponseHandler, go: (level: Level) => Cancel): Cancel {
    const waiting: Waiting = { go, handler, cancel: null, isOver: false };
    const name = this.#l1.flightKey(wanted.key, wanted.headers);
    const lookUp = this.#asked.get(name) ?? this.#begin(name, wanted);
    lookUp.all.push(waiting);
    return () => {
      waiting.isOver = true;
      waiting.cancel?.();
      if (!isWanted(lookUp)) lookUp.following?.cancel();
    };
  }

  #begin(name: string, wanted: Wanted): LookUp {
    const lookUp: LookUp = { all: [], following: null };
    this.#asked.set(name, lookUp);
    this.#look(wanted, lookUp).then(
      (level) => this.#goOn(name, lookUp.all, level),
      () => this.#goOn(name, lookUp.all, NOTHING),
    );
    return lookUp;
  }

  async #look(wanted: Wanted, lookUp: LookUp): Promise<Level> {
    const { sharedKey, headers, collapses } = wanted;
    const began = this.#marks.seq;
    const found = await this.l2.find(sharedKey, headers);
    if (found !== null) return { found: await this.#kept(wanted, found, began), lease: null };
    if (!collapses || !isWanted(lookUp)) return NOTHING;
    const outcome = await this.l2.lease(sharedKey);
    if (outcome.kind === 'leads') return { found: null, lease: outcome.lease };
    if (outcome.kind === 'alone') return NOTHING;
    if (!isWanted(lookUp)) return NOTHING;
    return { found: await this.#followed(wanted, lookUp), lease: null };
  }

  async #followed(wanted: Wanted, lookUp: LookUp): Promise<Found | null> {
    const began = this.#marks.seq;
    lookUp.following = this.l2.follow(wanted.sharedKey, wanted.headers);
    this.#follows += 1;
    const found = await lookUp.following.found.finally(() => {
      this.#follows -= 1;
      lookUp.following = null;
    });
    return found === null ? null : this.#kept(wanted, found, began);
  }

  /** As if it had been in the first level, where it is from now on. Null: its body is gone, or a purge came meanwhile. */
  async #kept({ key, headers, bodyBytesMax }: Wanted, found: L2Found, began: number): Promise<Found | null> {
    const { stored, subject, softPurgedAtMs } = found;
    if (found.body.bytes > bodyBytesMax) return null;
    const body = await this.#whole(found.body);
    if (body === null || this.#marks.purgedAtMs(subject, began) === Number.NEGATIVE_INFINITY) return null;
    const entry: Entry = { kind: 'entry', stored, subject, body: this.#l1.lendable(body), began, at: '' };
    // Of a soft purge on another node the first level does not know: such a copy serves this once.
    if (softPurgedAtMs === Number.POSITIVE_INFINITY) {
      const writing = this.#l1.write(body.bytes, bodyBytesMax);
      for (const piece of body.pieces) writing?.push(piece);
      if (writing !== null && this.#l1.keep(key, headers, stored, writing, subject, began)) {
        return this.#l1.find(key, headers);
      }
    }
    const atMs = Math.min(softPurgedAtMs, this.#marks.purgedAtMs(subject, began));
    return { entry, softPurgedAtMs: atMs, isKnown: true };
  }

  async #whole(body: L2Body): Promise<StoredBody | null> {
    const untilMs = this.#clock.nowMs() + BODY_WITHIN_MS;
    const pieces = body.bytes === 0 ? [] : [body.first];
    for (let index = 1; index < body.pieces; index += 1) {
      const piece = this.#clock.nowMs() < untilMs ? await body.read(index) : null;
      if (piece === null) return null;
      pieces.push(piece);
    }
    return { pieces, bytes: body.bytes };
  }

  /** All in the order in which they came; the first that is still there has the lease. */
  #goOn(name: string, all: Waiting[], level: Level): void {
    this.#asked.delete(name);
    let { lease } = level;
    for (const [i, waiting] of all.entries()) {
      if (waiting.isOver) continue;
      try {
        waiting.cancel = waiting.go({ found: i === 0 ? level.found : null, lease });
      } catch (cause) {
        // A bug in what is below: this request fails, the others and the process do not.
        waiting.handler.onError(failure('internal_error', 'the request could not go on', { cause }));
      }
      lease = null;
    }
    lease?.release(false);
  }
}

const isWanted = ({ all }: LookUp): boolean => all.some(({ isOver }) => !isOver);
