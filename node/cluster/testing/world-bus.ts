/**
 * The bus of a simulated node: what it publishes crosses the bad network of a world (proto/cluster/testing/world.ts). Keeps
 * the contract of bus.ts as far as a Presence asks for it. Only tests import this file.
 */
import type { Bus, BusMessage, Gathered, GatherOptions } from '@weir/proto/bus/bus.js';
import type { Peer, World } from '@weir/proto/cluster/testing/world.js';

export class WorldBus implements Bus, Peer {
  readonly id: string;
  readonly counts: Bus['counts'] = {
    ...{ published: 0, received: 0, droppedAway: 0, droppedFull: 0, refused: 0 },
    ...{ uncertain: 0, malformed: 0, bugs: 0, disconnects: 0 },
  };
  readonly #world: World;
  readonly #subscribers = new Map<string, (message: BusMessage) => void>();
  #asked = 0;

  constructor(id: string, world: World) {
    this.id = id;
    this.#world = world;
  }

  hear(bytes: Uint8Array, from: string): void {
    const { subject, replyTo } = envelopes.get(bytes) ?? { subject: '', replyTo: '' };
    const onMessage = this.#subscribers.get(subject);
    if (onMessage === undefined) return;
    const reply = (answer: Uint8Array) => {
      if (replyTo !== '') this.#world.send(this.id, from, enveloped(replyTo, '', answer));
      return 'sent' as const;
    };
    onMessage({ subject, bytes, reply });
  }

  publish(subject: string, bytes: Uint8Array): 'sent' {
    this.#world.send(this.id, null, enveloped(subject, '', bytes));
    return 'sent';
  }

  subscribe(pattern: string, onMessage: (message: BusMessage) => void): () => void {
    const before = this.#subscribers.get(pattern);
    // Several listen to one subject: membership and whoever it is about.
    const both =
      before === undefined ? onMessage : (message: BusMessage) => [before, onMessage].map((on) => on(message));
    this.#subscribers.set(pattern, both);
    return () => this.#subscribers.delete(pattern);
  }

  gather(subject: string, bytes: Uint8Array, { withinMs }: GatherOptions): Promise<Gathered> {
    const replyTo = `reply.${this.id}.${this.#asked}`;
    this.#asked += 1;
    return new Promise((resolve) => {
      const startMs = this.#world.nowMs;
      const end = (replies: Gathered['replies']): void => {
        this.#subscribers.delete(replyTo);
        resolve({ replies, end: replies.length > 0 ? 'complete' : 'late' });
      };
      this.#subscribers.set(replyTo, (message) => end([{ bytes: message.bytes, tookMs: this.#world.nowMs - startMs }]));
      this.#world.after(this.id, withinMs, () => end([]));
      // `weir.c1.ask.n1.health` is heard by that one alone.
      this.#world.send(this.id, subject.split('.')[3] ?? '', enveloped(subject, replyTo, bytes));
    });
  }

  state(): ReturnType<Bus['state']> {
    return { isConnected: true, sinceMs: 0, trouble: '' };
  }

  pendingBytes(): number {
    return 0;
  }

  onStateChange(): () => void {
    return () => {};
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Envelope {
  readonly subject: string;
  readonly replyTo: string;
}

const envelopes = new WeakMap<Uint8Array, Envelope>();

/** A copy, which is what crosses: subjects are of the bus and prove nothing, so they stand beside it. All who hear it share it (`decodeOnce`). */
function enveloped(subject: string, replyTo: string, bytes: Uint8Array): Uint8Array {
  const body = Buffer.from(bytes);
  envelopes.set(body, { subject, replyTo });
  return body;
}
