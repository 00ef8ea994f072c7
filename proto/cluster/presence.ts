/**
 * A member of a cluster on its bus: drives the membership machine, and lets the rest of a process tell, hear and ask in the
 * cluster's terms. Nodes and controls have one each. Time and the bus are passed in.
 *
 * A malformed message is counted and dropped; what this release does not know is counted apart. Owns the numbers of the
 * streams that this member tells.
 */
import type { Bus, BusClock, BusMessage, PublishFate } from '../bus/bus.js';
import type { Life, Role, Stream } from '../events/membership.js';
import { type ClusterMessage, decodeMessage, encodeMessage } from '../events/wire.js';
import type { MemberStanding, MemberView } from './member.js';
import { Membership, type MembershipEffect, type MembershipEvent, type OwnReport, TICK_MS } from './membership.js';
import type { ClusterKind, Subjects } from './subjects.js';

type MessageOf<Kind extends ClusterKind> = Extract<ClusterMessage, { readonly kind: Kind }>;

export interface PresenceParts {
  readonly bus: Bus;
  readonly clock: BusClock;
  readonly subjects: Subjects;
  readonly life: Life;
  readonly role: Role;
  readonly random: () => number;
  /** Asked before each heartbeat. */
  readonly report: () => Omit<OwnReport, 'told'>;
  /** What an operator should know: a second process of this name, more members than may be. */
  readonly warn: (text: string) => void;
  /** What bytes say; a simulation, where many hear the same bytes, reads them once. Left out: `decodeMessage`. */
  readonly decode?: typeof decodeMessage;
}

export interface PresenceCounts {
  malformed: number;
  unknown: number;
}

export class Presence {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly role: Role;
  readonly clock: BusClock;
  readonly counts: PresenceCounts = { malformed: 0, unknown: 0 };
  readonly #parts: PresenceParts;
  readonly #membership: Membership;
  readonly #told: Record<Stream, number> = { health: 0, rate: 0, latency: 0 };
  readonly #onChange = new Set<(member: MemberView, from: MemberStanding | null) => void>();
  readonly #onMissed = new Set<(id: string, stream: Stream) => void>();
  readonly #ends: (() => void)[] = [];
  #cancelTick: () => void;
  #isOver = false;
  /** As counted last; null since somebody's standing has changed. */
  #nodes: number | null = null;

  constructor(parts: PresenceParts) {
    const { bus, clock, subjects, life, role, random } = parts;
    this.#parts = parts;
    this.bus = bus;
    this.clock = clock;
    this.subjects = subjects;
    this.role = role;
    this.#membership = new Membership(life, role, random);
    this.#ends.push(bus.onStateChange(({ isConnected }) => this.#step({ event: 'bus', isConnected })));
    if (bus.state().isConnected) this.#step({ event: 'bus', isConnected: true });
    const take = (message: MessageOf<'heartbeat' | 'leave' | 'outdated'>): void =>
      this.#step({ event: 'heard', message });
    this.hear('heartbeat', take);
    this.hear('leave', take);
    this.#hearAt(subjects.to('outdated', life.id), 'outdated', take);
    this.#cancelTick = clock.after(0, () => this.#tick());
  }

  get life(): Life {
    return this.#membership.life;
  }

  /** All others that were heard of. */
  members(): readonly MemberView[] {
    return this.#membership.members();
  }

  /** How many share in what is shared out among nodes: those that may be serving, this one included if it is one. */
  nodes(): number {
    this.#nodes ??= this.#countNodes();
    return this.#nodes;
  }

  /** Never waits; what nobody would hear is dropped and counted by the bus. */
  tell(message: ClusterMessage): PublishFate {
    return this.bus.publish(this.subjects.all(message.kind), encodeMessage(message));
  }

  /** The number of the next message of a stream, for the message that is told right after. */
  next(stream: Stream): number {
    this.#told[stream] += 1;
    return this.#told[stream];
  }

  /** The number of the latest message of a stream. */
  toldOf(stream: Stream): number {
    return this.#told[stream];
  }

  /** Hears messages of one kind from others; returns how to end it. */
  hear<Kind extends ClusterKind>(
    kind: Kind,
    onMessage: (message: MessageOf<Kind>, raw: BusMessage) => void,
  ): () => void {
    return this.#hearAt(this.subjects.all(kind), kind, onMessage);
  }

  onChange(listener: (member: MemberView, from: MemberStanding | null) => void): () => void {
    this.#onChange.add(listener);
    return () => void this.#onChange.delete(listener);
  }

  /** Messages of a stream were missed: that member is to be asked for its state. */
  onMissed(listener: (id: string, stream: Stream) => void): () => void {
    this.#onMissed.add(listener);
    return () => void this.#onMissed.delete(listener);
  }

  /** Answers questions of one kind; null: no answer. */
  answer(what: string, give: (question: Uint8Array) => Uint8Array | null): () => void {
    const end = this.bus.subscribe(this.subjects.ask(this.life.id, what), (message) => {
      const given = give(message.bytes);
      if (given !== null) message.reply(given);
    });
    this.#ends.push(end);
    return end;
  }

  /** Null when that member does not answer in time, or can't be asked. */
  async ask(id: string, what: string, question: Uint8Array, withinMs: number): Promise<Uint8Array | null> {
    const { replies } = await this.bus.gather(this.subjects.ask(id, what), question, { withinMs, repliesMax: 1 });
    return replies[0]?.bytes ?? null;
  }

  /** Says goodbye, and hears nothing more. The bus is left open: it is not its own. */
  leave(): void {
    if (this.#isOver) return;
    this.#step({ event: 'leave' });
    this.#isOver = true;
    this.#cancelTick();
    for (const end of this.#ends) end();
  }

  #countNodes(): number {
    let nodes = this.role === 'node' ? 1 : 0;
    for (const { standing, heartbeat } of this.members())
      if (heartbeat.role === 'node' && isThere(standing)) nodes += 1;
    return Math.max(nodes, 1);
  }

  #hearAt<Kind extends ClusterKind>(
    subject: string,
    kind: Kind,
    onMessage: (message: MessageOf<Kind>, raw: BusMessage) => void,
  ): () => void {
    const { decode = decodeMessage } = this.#parts;
    const end = this.bus.subscribe(subject, (raw) => {
      const decoded = decode(raw.lent ?? raw.bytes);
      if (!decoded.ok) this.counts[decoded.why] += 1;
      else if (isKind(decoded.message, kind)) this.#pass(decoded.message, raw, onMessage);
      else this.counts.malformed += 1;
    });
    this.#ends.push(end);
    return end;
  }

  #pass<Kind extends ClusterKind>(
    message: MessageOf<Kind>,
    raw: BusMessage,
    onMessage: (message: MessageOf<Kind>, raw: BusMessage) => void,
  ): void {
    const stream = streamOf(message);
    if (stream !== null) this.#step({ event: 'streamed', ...stream });
    onMessage(message, raw);
  }

  #tick(): void {
    this.#cancelTick = this.#parts.clock.after(TICK_MS, () => this.#tick());
    this.#step({ event: 'tick', own: { ...this.#parts.report(), told: { ...this.#told } } });
  }

  #step(event: MembershipEvent): void {
    if (this.#isOver) return;
    for (const effect of this.#membership.step(event, this.#parts.clock.nowMs())) this.#perform(effect);
  }

  #perform(effect: MembershipEffect): void {
    const { warn } = this.#parts;
    switch (effect.effect) {
      case 'publish':
        this.tell(effect.message);
        break;
      case 'tell':
        this.bus.publish(this.subjects.to('outdated', effect.to), encodeMessage(effect.message));
        break;
      case 'changed':
        this.#nodes = null;
        for (const listener of this.#onChange) listener(effect.member, effect.from);
        break;
      case 'missed':
        for (const listener of this.#onMissed) listener(effect.id, effect.stream);
        break;
      case 'duplicate':
        warn(`another process of this cluster calls itself ${this.life.id}; give each a name of its own (--id)`);
        break;
      case 'overfull':
        warn(`there are more members than a cluster may have, so ${effect.id} is not counted in`);
    }
  }
}

function isThere(standing: MemberStanding): boolean {
  return standing === 'alive' || standing === 'suspect';
}

function isKind<Kind extends ClusterKind>(message: ClusterMessage, kind: Kind): message is MessageOf<Kind> {
  return message.kind === kind;
}

function streamOf(
  message: ClusterMessage,
): { readonly id: string; readonly stream: Stream; readonly seq: number } | null {
  if (message.kind === 'opinion') return { id: message.id, stream: 'health', seq: message.seq };
  if (message.kind === 'rate') return { id: message.id, stream: 'rate', seq: message.seq };
  if (message.kind === 'latency') return { id: message.id, stream: 'latency', seq: message.seq };
  return null;
}
