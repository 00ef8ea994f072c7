/**
 * Reads the end of the log of announcements, which holds the latest one for whoever has come late or has missed it on the bus:
 * at the start, whenever the bus is back, and every now and then. Owns what was seen of the log.
 */
import type { Bus, BusClock } from '@weir/proto/bus/bus.js';
import { lookBack } from '@weir/proto/bus/look-back.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';

/** An announcement that was lost on the bus is followed so much later. */
export const READ_EVERY_MS = 15_000;
/** While the log has not been read on this connection. */
const TRY_EVERY_MS = 1_000;
/** Entries at the end that others than control have written are passed over: as many as the log may have. */
const LOOK_BACK = 20_000;

export interface ReaderParts {
  readonly log: SharedLog;
  readonly bus: Pick<Bus, 'onStateChange'>;
  readonly clock: BusClock;
  readonly random: () => number;
  /** Returns whether it is control's. */
  readonly hear: (frame: Uint8Array) => boolean;
}

/** Returns how to end it. */
export function readAnnouncements(parts: ReaderParts): () => void {
  const { log, bus, clock, random, hear } = parts;
  let cancel = (): void => {};
  let isOver = false;
  let isReading = false;
  let seen = '';
  const later = (ms: number): void => {
    cancel();
    // A fleet does not ask all at once.
    if (!isOver) cancel = clock.after(ms * (0.75 + random() / 4), () => void read());
  };
  const readEnd = async (): Promise<boolean> => {
    const bounds = await log.bounds();
    if (bounds === null) return false;
    const { first, last, identity = '' } = bounds;
    const now = `${identity} ${last}`;
    if (now === seen || last < first) return true;
    const looked = await lookBack(log, { first, last }, LOOK_BACK, ({ bytes }) => isOver || hear(bytes));
    if (looked === 'away' || isOver) return false;
    seen = now;
    return true;
  };
  const read = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    const isRead = await readEnd();
    isReading = false;
    later(isRead ? READ_EVERY_MS : TRY_EVERY_MS);
  };
  const endHearing = bus.onStateChange(({ isConnected }) => {
    if (isConnected) later(0);
  });
  later(0);
  return () => {
    isOver = true;
    cancel();
    endHearing();
  };
}
