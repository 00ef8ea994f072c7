/**
 * The bus of a simulated node: what it publishes crosses the bad network of a world (proto/cluster/testing/world.ts). Keeps
 * the contract of bus.ts as far as a Presence asks for it. Only tests import this file.
 */
import type { Bus, BusMessage, Gathered, GatherOptions } from '@weir/proto/bus/bus.js';
import type { Peer, World } from '@weir/proto/cluster/testing/world.js';

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

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

  /** Subject, where to reply and body, each line for itself. */
  hear(bytes: Uint8Array, from: string): void {
    const first = bytes.indexOf(10);
    const second = bytes.indexOf(10, first + 1);
    const subject = decoder.decode(bytes.subarray(0, first));
    const replyTo = decoder.decode(bytes.subarray(first + 1, second));
    const body = bytes.slice(second + 1);
    const reply = (answer: Uint8Array) => {
      if (replyTo !== '') this.#world.send(this.id, from, framed(replyTo, '', answer));
      return 'sent' as const;
    };
    this.#subscribers.get(subject)?.({ subject, bytes: body, reply });
  }

  publish(subject: string, bytes: Uint8Array): 'sent' {
    this.#world.send(this.id, null, framed(subject, '', bytes));
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
      this.#world.send(this.id, subject.split('.')[3] ?? '', framed(subject, replyTo, bytes));
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

function framed(subject: string, replyTo: string, bytes: Uint8Array): Uint8Array {
  const head = encoder.encode(`${subject}\n${replyTo}\n`);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}
