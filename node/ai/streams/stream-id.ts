/**
 * What a stream and its events are called. An id is shaped as those of jobs are, so that logs and spans show no more than its public part:
 * on a route without authentication it is all that proves that one may read.
 *
 *   id: 3fa9c01b00000017-9f86d081884c7d659a2feaa0c55ad015.42
 *       └──────────────────── stream ───────────────────┘ └ so many events with this one
 *
 * Pure.
 */

const ID = /^[0-9a-f]{16}-[0-9a-f]{32}$/;
const EVENT = /^([0-9a-f]{16}-[0-9a-f]{32})\.(\d{1,9})$/;
const PLACE = /\/streams\/([^/]+)$/;

export interface EventPlace {
  readonly id: string;
  /** Events that were read, from the first on. */
  readonly read: number;
}

export function eventId(id: string, read: number): string {
  return `${id}.${read}`;
}

/** Null: it is none of ours. */
export function readEventId(text: string): EventPlace | null {
  const [, id, read] = EVENT.exec(text) ?? [];
  return id === undefined ? null : { id, read: Number(read) };
}

/** What the path of a request asks for; null: no stream. An id that can't be one is the empty text. */
export function streamAt(path: string): string | null {
  const id = PLACE.exec(path)?.[1];
  return id === undefined ? null : ID.test(id) ? id : '';
}

/** Of one who asks for a stream: from where on. Null: what it says is not of this stream. */
export function readBefore(id: string, lastEventId: string | undefined): number | null {
  if (lastEventId === undefined || lastEventId === '') return 0;
  if (/^\d{1,9}$/.test(lastEventId)) return Number(lastEventId);
  const place = readEventId(lastEventId);
  return place?.id === id ? place.read : null;
}
