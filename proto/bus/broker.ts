/**
 * The bus within one process, and the middle of the bus between a process and its children: ports, each with the patterns
 * that it wants, and messages that go from one port to all others that want them.
 *
 * Ports of this process are served in a turn of their own (a microtask), in order. A subscriber can't be slower than that, so what
 * bounds the line is the sender: no more than `pendingMax` bytes of one port wait to be taken. Owns the ports.
 */
import type { Bus } from './bus.js';
import { type BusParts, busOver, type CarrierEvents } from './carrier.js';
import { matchesPattern } from './subject.js';

export interface Port {
  /** In the turn of whoever routes: a port that is a subscriber puts it off. Returns whether it was taken. */
  take(subject: string, bytes: Uint8Array, replyTo: string): boolean;
  readonly patterns: Set<string>;
}

export class Broker {
  readonly #ports = new Set<Port>();
  /** Messages that a port had no room for: of a child that does not read. */
  overflowed = 0;

  attach(port: Port): () => void {
    this.#ports.add(port);
    return () => void this.#ports.delete(port);
  }

  route(from: Port, subject: string, bytes: Uint8Array, replyTo: string): void {
    for (const port of this.#ports) {
      if (port === from) continue;
      for (const pattern of port.patterns) {
        if (!matchesPattern(pattern, subject)) continue;
        if (!port.take(subject, bytes, replyTo)) this.overflowed += 1;
        break;
      }
    }
  }
}

/** An end of the bus in the broker's own process. */
export function memoryBus(broker: Broker, parts: BusParts): Bus {
  return busOver((events, pendingMax) => memoryCarrier(broker, events, pendingMax), parts);
}

function memoryCarrier(broker: Broker, events: CarrierEvents, pendingMax: number) {
  const port: Port = {
    patterns: new Set(),
    take(subject, bytes, replyTo) {
      // Each receiver has bytes of its own.
      const copy = new Uint8Array(bytes);
      queueMicrotask(() => events.onMessage(subject, copy, replyTo, null));
      return true;
    },
  };
  let pendingBytes = 0;
  let isOpen = true;
  const detach = broker.attach(port);
  queueMicrotask(() => {
    if (isOpen) events.onState(true, '');
  });
  return {
    send(subject: string, bytes: Uint8Array, replyTo: string) {
      if (pendingBytes + bytes.length > pendingMax) return 'full' as const;
      pendingBytes += bytes.length;
      // A copy, for the sender may use its buffer again; and not by slice, which of a Buffer is a view.
      const copy = new Uint8Array(bytes);
      queueMicrotask(() => {
        pendingBytes -= copy.length;
        if (isOpen) broker.route(port, subject, copy, replyTo);
      });
      return 'sent' as const;
    },
    want: (pattern: string) => void port.patterns.add(pattern),
    unwant: (pattern: string) => void port.patterns.delete(pattern),
    pendingBytes: () => pendingBytes,
    close() {
      // What was sent before is on its way when the microtasks that stand in line have run.
      return new Promise<void>((resolve) => {
        queueMicrotask(() => {
          isOpen = false;
          detach();
          resolve();
        });
      });
    },
  };
}
