/** One end of a WebSocket that a test plays, and what it was told. Only tests import this file. */
import type { WebSocketEvents, WebSocketPeer } from '../dispatch.js';

export interface FakePeer extends WebSocketPeer {
  /** What was asked of it, in order: `send text`, `ping x`, `close 1000 reason`, `pause`, … */
  readonly log: readonly string[];
  /** What `send` returns. */
  open: boolean;
  paused: boolean;
  /** The events of whoever listens; throws before that. */
  readonly events: WebSocketEvents;
  readonly received: readonly { readonly message: Uint8Array; readonly isBinary: boolean }[];
}

export function fakePeer(): FakePeer {
  const log: string[] = [];
  const received: { message: Uint8Array; isBinary: boolean }[] = [];
  let listener: WebSocketEvents | null = null;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(0, 32));
  return {
    log,
    received,
    open: true,
    paused: false,
    get events() {
      if (listener === null) throw new Error('nobody listens to this peer');
      return listener;
    },
    send(message, isBinary) {
      received.push({ message, isBinary });
      log.push(`send ${text(message)}`);
      return this.open;
    },
    ping: (payload) => log.push(`ping ${text(payload)}`),
    pong: (payload) => log.push(`pong ${text(payload)}`),
    close: (code, reason) => log.push(`close ${code} ${reason}`.trimEnd()),
    terminate: () => log.push('terminate'),
    pause() {
      this.paused = true;
      log.push('pause');
    },
    resume() {
      this.paused = false;
      log.push('resume');
    },
    listen(events) {
      listener = events;
    },
  };
}
