/**
 * What nodes have learnt of latency, shared: each tells the sketches of its own answers at an interval, the busiest waits first,
 * and reads what others tell together with its own (`latency/mixed-counts.ts`). So a node that has just begun knows what its
 * routes take, and limits that are learnt are the cluster's. What is missed is told again; there is nothing to ask for but at
 * the beginning.
 *
 * Of one wait the sketches of sixteen others are kept. So who has as many, none older than an interval, does not tell it: all others
 * have as many as well, or keep what they have (in IGMP a member is silent in the same way when another has spoken for the
 * group, RFC 2236). In a small cluster all tell all, in a large one sixteen do, another sixteen each time, and the others
 * have their messages free for waits of which less is known.
 *
 * Nothing here lies on the way of a request: mixing is done when a message arrives or by the timer.
 */
import type { MemberStanding, MemberView } from '@weir/proto/cluster/member.js';
import { latencyIntervalMs, sketchesPerMessage } from '@weir/proto/cluster/pace.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import { type LatencySketch, type LatencySketches, sketchesMax } from '@weir/proto/events/latency-sketches.js';
import { decodeMessage, encodeMessage } from '@weir/proto/events/wire.js';
import type { KnownWindow, LatencyStore } from '../latency/latency-store.js';
import type { LatencyWindow } from '../latency/latency-window.js';
import { heardFrom, type LearntByOne } from '../latency/mixed-counts.js';
import { Sketch } from '../latency/sketch.js';
import type { Clock, Random, Timer, Timers } from '../time/clock.js';

export interface LatencyGossipParts {
  readonly presence: Presence;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timers: Timers;
  readonly random: Random;
  readonly latencies: LatencyStore;
}

export interface LatencyGossipCounts {
  told: number;
  heard: number;
  /** Sketches that no code of ours has made. */
  malformed: number;
}

/** Nodes whose sketches of one wait are kept: more would not change what is learnt. The first that are heard in an interval. */
export const PEERS_MAX = 16;
/** Fewer answers of its own a node does not tell of. */
const ANSWERS_TOLD_MIN = 20;
/** Of one message; with what does not fit the next one begins no sooner, for the busiest are what matters. */
const MESSAGE_BYTES_MAX = 256 * 1024;
/** Of all sketches that are kept; at the bound what is new is not kept. */
const KEPT_BYTES_MAX = 16 * 1024 * 1024;
/** What is heard is read so soon; at once where nothing was known. */
const MIX_MS = 2_000;
/** A sketch is believed for as many intervals, and at least for as long as a window looks back. */
const BELIEVED_INTERVALS = 3;
const BELIEVED_MS_MIN = 90_000;
const ASK_MS = 2_000;
/** Peers that a newcomer asks until one has something to say. */
const ASKS_MAX = 3;

interface Told {
  readonly answered: Uint8Array;
  readonly givenUp: Uint8Array;
  readonly heardMs: number;
  readonly untilMs: number;
}

export class LatencyGossip {
  readonly counts: LatencyGossipCounts = { told: 0, heard: 0, malformed: 0 };
  readonly #parts: LatencyGossipParts;
  readonly #told = new Map<LatencyWindow, Map<string, Told>>();
  readonly #changed = new Set<LatencyWindow>();
  readonly #mixTimer: Timer;
  readonly #tellTimer: Timer;
  readonly #ends: (() => void)[] = [];
  #keptBytes = 0;
  #asksLeft = ASKS_MAX;
  #hasEnded = false;

  constructor(parts: LatencyGossipParts) {
    const { presence, timers } = parts;
    this.#parts = parts;
    this.#mixTimer = timers.create(() => this.#look());
    this.#tellTimer = timers.create(() => this.#tell());
    this.#ends.push(
      presence.hear('latency', (message) => this.#hear(message)),
      presence.answer('latency', () => this.#answer()),
      presence.onChange((member, from) => this.#onMember(member, from)),
    );
    this.#mixTimer.arm(MIX_MS);
    this.#armTell();
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Waits may be learnt that were not before. */
  refresh(): void {
    for (const { life, standing, heartbeat } of this.#parts.presence.members())
      if (standing === 'alive' && heartbeat.role === 'node') void this.#ask(life.id);
  }

  end(): void {
    this.#hasEnded = true;
    this.#mixTimer.cancel();
    this.#tellTimer.cancel();
    for (const end of this.#ends) end();
  }

  /** By chance, or all would tell at once for ever. */
  #armTell(): void {
    const { presence, random } = this.#parts;
    this.#tellTimer.arm(latencyIntervalMs(presence.nodes()) * (0.9 + 0.2 * random()));
  }

  #tell(): void {
    this.#armTell();
    const { presence } = this.#parts;
    if (presence.nodes() === 1) return;
    const freshFromMs = this.#parts.clock.nowMs() - latencyIntervalMs(presence.nodes());
    const isWanted = (window: LatencyWindow): boolean => !this.#isToldByOthers(window, freshFromMs);
    const sketches = this.#busiest(sketchesPerMessage(presence.nodes(), sketchesMax), isWanted);
    if (sketches.length === 0) return;
    this.counts.told += 1;
    presence.tell({ kind: 'latency', id: presence.life.id, seq: presence.next('latency'), sketches });
  }

  #busiest(most: number, isWanted: (window: LatencyWindow) => boolean): readonly LatencySketch[] {
    const nowMs = this.#parts.clock.nowMs();
    const busy: { readonly known: KnownWindow; readonly answers: number }[] = [];
    for (const known of this.#parts.latencies.all()) {
      const answers = known.window.ownAnswers(nowMs);
      if (answers >= ANSWERS_TOLD_MIN && isWanted(known.window)) busy.push({ known, answers });
    }
    busy.sort((a, b) => b.answers - a.answers);
    const sketches: LatencySketch[] = [];
    let bytes = 0;
    for (const { known } of busy.slice(0, most)) {
      const { route, upstream, wait, window } = known;
      const own = window.own(nowMs);
      const sketch = { route, upstream, wait, answered: own.answered.toBytes(), givenUp: own.givenUp.toBytes() };
      bytes += sketch.answered.length + sketch.givenUp.length;
      if (bytes > MESSAGE_BYTES_MAX) break;
      sketches.push(sketch);
    }
    return sketches;
  }

  #isToldByOthers(window: LatencyWindow, freshFromMs: number): boolean {
    const kept = this.#told.get(window);
    if (kept === undefined || kept.size < PEERS_MAX) return false;
    for (const { heardMs } of kept.values()) if (heardMs <= freshFromMs) return false;
    return true;
  }

  #answer(): Uint8Array {
    const { presence } = this.#parts;
    const sketches = this.#busiest(sketchesMax, () => true);
    return encodeMessage({ kind: 'latency', id: presence.life.id, seq: presence.toldOf('latency'), sketches });
  }

  #onMember({ life, standing, heartbeat }: MemberView, from: MemberStanding | null): void {
    if (heartbeat.role !== 'node') return;
    if (standing === 'alive' && from === null) void this.#ask(life.id);
    // What it had learnt stays true for a while, so nothing is taken back when it goes.
  }

  async #ask(id: string): Promise<void> {
    const hasWindows = !this.#parts.latencies.all()[Symbol.iterator]().next().done;
    if (this.#asksLeft === 0 || !hasWindows || this.#hasEnded) return;
    this.#asksLeft -= 1;
    const bytes = await this.#parts.presence.ask(id, 'latency', new Uint8Array(), ASK_MS);
    const decoded = bytes === null ? null : decodeMessage(bytes);
    if (this.#hasEnded || decoded?.ok !== true || decoded.message.kind !== 'latency') return;
    if (decoded.message.id !== id || decoded.message.sketches.length === 0) return;
    this.#asksLeft = 0;
    this.#hear(decoded.message);
  }

  #hear({ id, sketches }: LatencySketches): void {
    const { presence, clock, latencies } = this.#parts;
    if (id === presence.life.id) return;
    this.counts.heard += 1;
    const [heardMs, intervalMs] = [clock.nowMs(), latencyIntervalMs(presence.nodes())];
    const untilMs = heardMs + Math.max(BELIEVED_INTERVALS * intervalMs, BELIEVED_MS_MIN);
    for (const { route, upstream, wait, answered, givenUp } of sketches) {
      const window = latencies.known(route, upstream, wait);
      if (window !== undefined) this.#keep(window, id, { answered, givenUp, heardMs, untilMs }, heardMs - intervalMs);
    }
  }

  /** Whoever was heard `freshFromMs` or before makes room for another. */
  #keep(window: LatencyWindow, peer: string, told: Told, freshFromMs: number): void {
    const kept = this.#told.get(window) ?? new Map<string, Told>();
    const replaced = kept.has(peer) || kept.size < PEERS_MAX ? peer : oldestOf(kept, freshFromMs);
    if (replaced === null) return;
    const before = kept.get(replaced);
    const grows = sizeOf(told) - (before === undefined ? 0 : sizeOf(before));
    if (this.#keptBytes + grows > KEPT_BYTES_MAX) return;
    if (read(told) === null) {
      this.counts.malformed += 1;
      return;
    }
    kept.delete(replaced);
    this.#keptBytes += grows;
    // Copies: what came is part of a whole message, which would be kept with them.
    const [answered, givenUp] = [new Uint8Array(told.answered), new Uint8Array(told.givenUp)];
    this.#told.set(window, kept.set(peer, { ...told, answered, givenUp }));
    if (window.hasHeard) this.#changed.add(window);
    else this.#mix(window, kept);
  }

  /** Mixes what has changed, and drops what is too old. */
  #look(): void {
    this.#mixTimer.arm(MIX_MS);
    const nowMs = this.#parts.clock.nowMs();
    const known = new Set<LatencyWindow>();
    for (const { window } of this.#parts.latencies.all()) known.add(window);
    for (const [window, kept] of this.#told) {
      let isChanged = this.#changed.has(window);
      for (const [peer, told] of kept) {
        if (told.untilMs > nowMs && known.has(window)) continue;
        kept.delete(peer);
        this.#keptBytes -= sizeOf(told);
        isChanged = true;
      }
      if (isChanged) this.#mix(window, kept);
      if (kept.size === 0) this.#told.delete(window);
    }
    this.#changed.clear();
  }

  #mix(window: LatencyWindow, kept: ReadonlyMap<string, Told>): void {
    const others: LearntByOne[] = [];
    for (const told of kept.values()) {
      const learnt = read(told);
      if (learnt !== null) others.push(learnt);
    }
    window.hear(heardFrom(others, window.own(this.#parts.clock.nowMs()).answered));
  }
}

function read({ answered, givenUp }: Told): LearntByOne | null {
  const [ofAnswered, ofGivenUp] = [Sketch.fromBytes(answered), Sketch.fromBytes(givenUp)];
  return ofAnswered === null || ofGivenUp === null ? null : { answered: ofAnswered, givenUp: ofGivenUp };
}

function sizeOf({ answered, givenUp }: Told): number {
  return answered.length + givenUp.length;
}

/** As they are kept, the first is the one that was heard first. Null: all are fresh. */
function oldestOf(kept: ReadonlyMap<string, Told>, freshFromMs: number): string | null {
  for (const [peer, { heardMs }] of kept) return heardMs <= freshFromMs ? peer : null;
  return null;
}
