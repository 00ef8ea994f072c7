/**
 * Ids of jobs. For a route without authentication the id is all that proves that one may ask, so it has 128 random bits;
 * what stands before them is public, and is all that logs, traces and metrics may show.
 *
 *   3fa9c01b 00000017 - 9f86d081884c7d659a2feaa0c55ad015
 *   epoch    serial     secret
 *
 * The epoch is drawn when a node starts: an id of another epoch was not made by this life of this node. Pure.
 */

export interface JobIds {
  readonly epoch: string;
  next(): string;
}

const EPOCH_BYTES = 4;
const SECRET_BYTES = 16;
const SERIALS = 2 ** 32;
const ID_LENGTH = 49;
/** As it may be spelt in a URL. */
const ID_ANYWHERE = /([0-9a-f]{16})(?:-|%2d)[0-9a-f]{32}/gi;
const ID = /^([0-9a-f]{8})([0-9a-f]{8})-[0-9a-f]{32}$/;

/** `randomHex` must not be guessable. */
export function jobIds(randomHex: (bytes: number) => string): JobIds {
  const epoch = randomHex(EPOCH_BYTES);
  let serial = 0;
  return {
    epoch,
    next() {
      serial = (serial + 1) % SERIALS;
      return `${epoch}${serial.toString(16).padStart(8, '0')}-${randomHex(SECRET_BYTES)}`;
    },
  };
}

export interface JobAddress {
  readonly id: string;
  readonly epoch: string;
  /** The part that may be shown. */
  readonly publicId: string;
  readonly part: 'status' | 'result';
}

/** Of text that may hold the id of a job, what may be logged: at any place, since a client may send it anywhere. */
export function concealJobIds(text: string): string {
  // Nearly all texts are shorter than an id.
  return text.length < ID_LENGTH ? text : text.replace(ID_ANYWHERE, '$1-...');
}

/** What of a path below the prefix of jobs names a job; null for anything else. */
export function jobAddress(prefix: string, path: string): JobAddress | null {
  if (!path.startsWith(`${prefix}/`)) return null;
  const [id = '', tail, ...more] = path.slice(prefix.length + 1).split('/');
  const [, epoch, serial] = ID.exec(id) ?? [];
  if (epoch === undefined || serial === undefined || more.length > 0) return null;
  if (tail !== undefined && tail !== 'result') return null;
  return { id, epoch, publicId: `${epoch}${serial}`, part: tail === undefined ? 'status' : 'result' };
}

export function publicJobId(id: string): string {
  return id.slice(0, 16);
}
