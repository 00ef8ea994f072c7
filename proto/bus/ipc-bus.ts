/**
 * The bus between a process and its children, over the IPC channel that they have anyway: children talk to the parent, the
 * parent routes (`broker.ts`) and is an end of the bus itself. So `weir up` can run several nodes that share what they see,
 * without any server.
 *
 *     child ──ipc── port ┐
 *     child ──ipc── port ┼── broker ── memoryBus of the parent
 *     child ──ipc── port ┘
 *
 * The channel carries control's messages too, which are no business of the bus: `splitEnd` gives each its own half. What the
 * channel has not taken counts as pending; of a child that does not read, the broker drops.
 */
import { type BusFrame, decodeBusFrame } from '../events/bus-frame.js';
import type { Broker, Port } from './broker.js';
import { type Bus, pendingBytesMax } from './bus.js';
import { type BusParts, busOver, type CarrierEvents } from './carrier.js';
import { type IpcEnd, ipcLink } from './ipc-link.js';

/** One channel as two: what the bus says, and all the rest. Each half hears of the close; closing either closes both. */
export function splitEnd(end: IpcEnd): { readonly bus: IpcEnd; readonly rest: IpcEnd } {
  return { bus: halfOf(end, true), rest: halfOf(end, false) };
}

function halfOf(end: IpcEnd, isForBus: boolean): IpcEnd {
  function on(event: 'message', listener: (message: unknown) => void): unknown;
  function on(event: 'disconnect', listener: () => void): unknown;
  function on(event: 'message' | 'disconnect', listener: (message: unknown) => void): unknown {
    if (event === 'disconnect') return end.on('disconnect', () => listener(undefined));
    return end.on('message', (message) => {
      if (isBusKind(message) === isForBus) listener(message);
    });
  }
  return {
    get connected() {
      return end.connected;
    },
    send: (message, onSent) => end.send?.(message, onSent) ?? false,
    on,
    disconnect: () => end.disconnect(),
  };
}

function isBusKind(message: unknown): boolean {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  return typeof message.kind === 'string' && message.kind.startsWith('bus.');
}

/** Parent: lets a child take part. Ends by itself when the channel closes. */
export function attachChild(broker: Broker, end: IpcEnd, pendingMax = pendingBytesMax): void {
  const link = ipcLink<BusFrame, BusFrame>(end, decodeBusFrame);
  let pendingBytes = 0;
  const port: Port = {
    patterns: new Set(),
    take(subject, bytes, replyTo) {
      if (pendingBytes + bytes.length > pendingMax) return false;
      pendingBytes += bytes.length;
      link.send({ v: 1, kind: 'bus.carried', subject, bytes, replyTo }, () => {
        pendingBytes -= bytes.length;
      });
      return true;
    },
  };
  const detach = broker.attach(port);
  link.listen({
    onMessage(frame) {
      if (frame.kind === 'bus.carried') return broker.route(port, frame.subject, frame.bytes, frame.replyTo);
      port.patterns.clear();
      for (const pattern of frame.patterns) port.patterns.add(pattern);
    },
    onClose: detach,
  });
}

/** Child: an end of the bus whose middle is the parent. The channel stays open when the bus is closed: it is not its own. */
export function ipcBus(end: IpcEnd, parts: BusParts): Bus {
  return busOver((events, pendingMax) => ipcCarrier(end, events, pendingMax), parts);
}

function ipcCarrier(end: IpcEnd, events: CarrierEvents, pendingMax: number) {
  const link = ipcLink<BusFrame, BusFrame>(end, decodeBusFrame);
  const patterns = new Set<string>();
  let pendingBytes = 0;
  let pendingMessages = 0;
  let isTelling = false;
  let whenIdle: (() => void) | null = null;
  const taken = (bytes: number): void => {
    pendingBytes -= bytes;
    pendingMessages -= 1;
    if (pendingMessages === 0) whenIdle?.();
  };
  const send = (frame: BusFrame, bytes: number): void => {
    pendingBytes += bytes;
    pendingMessages += 1;
    link.send(frame, () => taken(bytes));
  };
  const tellInterest = (): void => {
    isTelling = false;
    send({ v: 1, kind: 'bus.interest', patterns: [...patterns] }, 0);
  };
  const changed = (): void => {
    // Many changes of one turn are told at once; before the next message, so that its reply is wanted by then.
    if (isTelling) return;
    isTelling = true;
    queueMicrotask(() => {
      if (isTelling) tellInterest();
    });
  };
  link.listen({
    onMessage(frame) {
      if (frame.kind === 'bus.carried') events.onMessage(frame.subject, frame.bytes, frame.replyTo, null);
    },
    onClose: () => events.onState(false, 'the parent process is gone'),
  });
  queueMicrotask(() => {
    if (end.connected) events.onState(true, '');
  });
  return {
    send(subject: string, bytes: Uint8Array, replyTo: string) {
      if (!end.connected) return 'away' as const;
      if (pendingBytes + bytes.length > pendingMax) return 'full' as const;
      if (isTelling) tellInterest();
      // A copy: a view into a larger buffer would be sent as the whole of it.
      send({ v: 1, kind: 'bus.carried', subject, bytes: new Uint8Array(bytes), replyTo }, bytes.length);
      return 'sent' as const;
    },
    want(pattern: string) {
      patterns.add(pattern);
      changed();
    },
    unwant(pattern: string) {
      patterns.delete(pattern);
      changed();
    },
    pendingBytes: () => pendingBytes,
    close(): Promise<void> {
      patterns.clear();
      tellInterest();
      return new Promise((resolve) => {
        if (pendingMessages === 0 || !end.connected) resolve();
        else whenIdle = resolve;
      });
    },
  };
}
