/**
 * What answers of one route are like: how long, whether they say that they may be kept, whether the same bytes come again, what of them clients
 * ask for, and what compression or a selection would leave. Pure; owns the counts, which all lose half with each `halve`.
 *
 * Each look stands for `weight` requests. What is asked for is remembered by a hash of its URL, and what came by a digest: neither can be read
 * back.
 */

/** What a look has found; see look.ts. */
export interface Look {
  readonly weight: number;
  readonly atMs: number;
  /** Of method, host and URL. */
  readonly url: number;
  readonly method: string;
  readonly status: number;
  /** The request had credentials or cookies, or came from a known consumer. */
  readonly isPersonal: boolean;
  /** Something is said of whether it may be kept: Cache-Control, Expires, Pragma, a cookie that it sets. */
  readonly isSaid: boolean;
  /** Of the body, or of its entity tag; 0: it was too long to be compared. */
  readonly digest: number;
  readonly bytes: number;
  /** Until the head. */
  readonly waitMs: number;
  /** It reached an upstream. */
  readonly wasAsked: boolean;
  /** Came plain, would be compressed by default, and its client takes that. */
  readonly isCodable: boolean;
  readonly isJson: boolean;
  /** The client has named fields. */
  readonly isSelected: boolean;
}

/** Of what was tried on a body that came by. */
export interface Trial {
  readonly wholeBytes: number;
  readonly leftBytes: number;
}

/** Requests (by weight) and what their answers had. */
export interface Part {
  looks: number;
  weight: number;
  bytes: number;
}

interface UrlSeen {
  digest: number;
  looks: number;
  weight: number;
  waitMs: number;
  bytes: number;
  same: number;
  changed: number;
  /** The same bytes since then. */
  sameSinceMs: number;
  firstMs: number;
  lastMs: number;
}

export const URLS_MAX = 64;

/** The sums over URLs that were seen to come again. */
export interface Repetition {
  readonly urls: number;
  /** Comparisons with what came before, by their outcome. */
  readonly same: number;
  readonly changed: number;
  /** For how long the URL that was watched longest has had the same bytes. */
  readonly unchangedMs: number;
  /** How long all of them were watched, added up. */
  readonly watchedMs: number;
  /** By URL: requests that reached an upstream, and what they took. */
  readonly each: readonly { readonly weight: number; readonly waitMs: number; readonly bytes: number }[];
}

export class AnswerStats {
  readonly all: Part = emptyPart();
  readonly codable: Part = emptyPart();
  readonly selected: Part = emptyPart();
  /** JSON that clients took whole. */
  readonly whole: Part = emptyPart();
  /** GET that were answered with 200, and how many of them said nothing and were for everybody. */
  readonly gets: Part = emptyPart();
  readonly unsaid: Part = emptyPart();
  readonly personal: Part = emptyPart();
  /** What a coding, and a selection, left of bodies that were tried. */
  coded: Trial = { wholeBytes: 0, leftBytes: 0 };
  selection: Trial = { wholeBytes: 0, leftBytes: 0 };
  readonly #urls = new Map<number, UrlSeen>();

  add(look: Look): void {
    count(this.all, look);
    if (look.isCodable) count(this.codable, look);
    if (look.isJson) count(look.isSelected ? this.selected : this.whole, look);
    if (look.method !== 'GET' || look.status !== 200) return;
    count(this.gets, look);
    if (look.isPersonal) count(this.personal, look);
    else if (!look.isSaid) {
      count(this.unsaid, look);
      if (look.wasAsked && look.digest !== 0) this.#compare(look);
    }
  }

  tried(what: 'coded' | 'selection', { wholeBytes, leftBytes }: Trial): void {
    const before = this[what];
    this[what] = { wholeBytes: before.wholeBytes + wholeBytes, leftBytes: before.leftBytes + leftBytes };
  }

  #compare({ url, digest, weight, waitMs, bytes, atMs }: Look): void {
    const known = this.#urls.get(url);
    const seen = known ?? {
      ...{ digest, looks: 0, weight: 0, waitMs: 0, bytes: 0, same: 0, changed: 0 },
      ...{ sameSinceMs: atMs, firstMs: atMs, lastMs: atMs },
    };
    if (known !== undefined && digest === known.digest) seen.same += 1;
    else if (known !== undefined) {
      seen.changed += 1;
      seen.digest = digest;
      seen.sameSinceMs = atMs;
    }
    seen.looks += 1;
    seen.weight += weight;
    seen.waitMs += weight * waitMs;
    seen.bytes += weight * bytes;
    seen.lastMs = atMs;
    // The one that was asked for longest ago stands first.
    this.#urls.delete(url);
    this.#urls.set(url, seen);
    if (this.#urls.size <= URLS_MAX) return;
    const [oldest] = this.#urls.keys();
    if (oldest !== undefined) this.#urls.delete(oldest);
  }

  repetition(): Repetition {
    const again = [...this.#urls.values()].filter(({ same, changed }) => same + changed > 0);
    const spans = again.map(({ sameSinceMs, lastMs }) => lastMs - sameSinceMs);
    return {
      urls: again.length,
      same: again.reduce((sum, { same }) => sum + same, 0),
      changed: again.reduce((sum, { changed }) => sum + changed, 0),
      unchangedMs: Math.max(0, ...spans),
      watchedMs: again.reduce((sum, { firstMs, lastMs }) => sum + lastMs - firstMs, 0),
      each: again.map(({ weight, waitMs, bytes }) => ({ weight, waitMs, bytes })),
    };
  }

  /** Whether anything is left that could be told. */
  halve(): boolean {
    for (const part of [this.all, this.codable, this.selected, this.whole, this.gets, this.unsaid, this.personal]) {
      part.looks /= 2;
      part.weight /= 2;
      part.bytes /= 2;
    }
    this.coded = half(this.coded);
    this.selection = half(this.selection);
    for (const [url, seen] of this.#urls) {
      seen.looks /= 2;
      seen.weight /= 2;
      seen.waitMs /= 2;
      seen.bytes /= 2;
      seen.same /= 2;
      seen.changed /= 2;
      seen.firstMs += (seen.lastMs - seen.firstMs) / 2;
      if (seen.looks < 0.5) this.#urls.delete(url);
    }
    return this.all.looks >= 0.5;
  }
}

function emptyPart(): Part {
  return { looks: 0, weight: 0, bytes: 0 };
}

function count(part: Part, { weight, bytes }: Look): void {
  part.looks += 1;
  part.weight += weight;
  part.bytes += weight * bytes;
}

const half = ({ wholeBytes, leftBytes }: Trial): Trial => ({ wholeBytes: wholeBytes / 2, leftBytes: leftBytes / 2 });
