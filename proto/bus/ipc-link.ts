/**
 * A link between a parent process and its child over Node's IPC channel, the same at both ends.
 *
 * It owns nothing but the count of what it could not read. When the channel closes, whichever side died, `onClose` is
 * called once: that is how a node learns that its parent is gone, even by kill -9. The channel has no limit of its own,
 * so whoever reports regularly asks with `isIdle` whether the last report has been taken before it sends another one.
 */
import type { Decode } from '../events/message.js';

/** What a ChildProcess and a forked `process` have in common. */
export interface IpcEnd {
  readonly connected: boolean;
  send?(message: unknown, onSent: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  disconnect(): void;
}

export interface LinkEvents<In> {
  onMessage(message: In): void;
  /** The other side is gone, or this side has closed; nothing comes after it. */
  onClose(): void;
}

export interface Link<In, Out> {
  /** Hands a message to the channel; after the close it is dropped. `onSent` runs in both cases, when that is decided. */
  send(message: Out, onSent?: () => void): void;
  /** Everything that was sent has been taken by the channel. */
  isIdle(): boolean;
  /** Sets the one receiver. Call it in the same turn as the link is made, or messages are lost. */
  listen(events: LinkEvents<In>): void;
  close(): void;
  /** Messages that were skipped because this release does not know them, and those that were wrong. */
  readonly skipped: { unknown: number; malformed: number };
}

export function ipcLink<In, Out>(end: IpcEnd, decode: Decode<In>): Link<In, Out> {
  const skipped = { unknown: 0, malformed: 0 };
  let unsent = 0;
  return {
    skipped,
    isIdle: () => unsent === 0,
    send(message, onSent) {
      if (!end.connected || end.send === undefined) {
        onSent?.();
        return;
      }
      unsent += 1;
      // An error here means that the channel broke while sending; `disconnect` tells the same and is acted on.
      end.send(message, () => {
        unsent -= 1;
        onSent?.();
      });
    },
    listen(events) {
      end.on('message', (raw) => {
        const decoded = decode(raw);
        if (decoded.ok) events.onMessage(decoded.message);
        else skipped[decoded.why] += 1;
      });
      end.on('disconnect', () => events.onClose());
    },
    close() {
      if (end.connected) end.disconnect();
    },
  };
}
