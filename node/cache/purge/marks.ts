/**
 * Purges as marks: a purge writes down what it means and when, and touches no stored response. Whoever looks one up
 * compares. So a purge of a tag with a hundred thousand members costs as much as one of a single URL, and what it must not
 * miss, the answer that is still on its way, it can't miss:
 *
 *        fetch begins            purge              answer comes, is stored
 *     ───────┼─────────────────────┼──────────────────────┼───────────────────▶
 *        began = 7              mark = 8             8 > 7: purged, though stored after it
 *
 * Purges are numbered; a response keeps the number that was the latest when its fetch, or its last validation, began. It is
 * purged when a mark that means it has a higher number. Hard: it is not there. Soft: it is stale since then.
 *
 * There are so many marks at most. When there are more, the older half is given up, and marks of URLs and prefixes become
 * one of their host, those of tags and hosts one of everything: more is purged than was asked for, never less. What clients
 * make invalid by their writes never comes to that: it has a place of its own (`changes.ts`). Sole owner of the marks of a
 * node. Pure: times are passed in.
 */
import type { PurgeTarget } from '@weir/proto/events/cache.js';
import { matchablePath } from '@weir/proto/http/request-path.js';
import { decodeFormText } from '../../route/conditions.js';
import { Changes } from './changes.js';
import { type Fingerprint, fingerprints } from './fingerprint.js';

export type { PurgeTarget };

/** What marks may mean of a response. Made once, when it is asked for or stored. */
export interface PurgeSubject {
  /** In the form of `markedAuthority`. */
  readonly authority: string;
  /** In the form of `markedPath`. */
  readonly path: string;
  /** In the form of `markedUrl`. */
  readonly url: string;
  readonly tags: readonly string[];
}

/** Marks of URLs and tags together: some 20 MiB, since they are known by fingerprints. */
export const MARKS_MAX = 100_000;
export const HOST_MARKS_MAX = 10_000;
/** Each look-up on a host compares all of its prefixes. Of all hosts there are as many as marks of hosts. */
export const PREFIX_MARKS_MAX = 64;
/** A longer one is cut there, and means more. So all of them take 10 MiB at most. */
export const PREFIX_LENGTH_MAX = 512;

/**
 * Spellings of one path are one here, so that a purge misses none of them. Routes tell `(` from `%28`; origins that decode do
 * not. What stands for itself only when it is written out (a slash, a question mark, a percent sign) stays as it is.
 */
export function markedPath(path: string): string {
  const normal = matchablePath(path) ?? path;
  return normal.includes('%') ? normal.replace(/%(?:2[0-9A-F]|3[A-F]|40|5[BDE]|60|7[B-D])/g, decodedReserved) : normal;
}

function decodedReserved(triplet: string): string {
  return KEPT.has(triplet) ? triplet : decodeURIComponent(triplet);
}

/** Space, number sign, percent sign, slash and question mark. */
const KEPT: ReadonlySet<string> = new Set(['%20', '%23', '%25', '%2F', '%3F']);

/** Without the port that goes without saying, whichever scheme says it, and without the dot of the root. */
export function markedAuthority(authority: string): string {
  const bare = authority.replace(/:(?:80|443)?$/, '');
  return bare.replace(/\.(?=$|:)/, '');
}

/** Parameters in any order and spelling: a purge may mean more than a key does. */
export function markedUrl(authority: string, path: string, query: string): string {
  return `${markedAuthority(authority)}${markedPath(path)}?${markedQuery(query)}`;
}

function markedQuery(query: string): string {
  if (!/[&%+]/.test(query)) return query;
  return query.split('&').map(decodeFormText).sort().join('&');
}

/** Null: it has no port. */
export function withoutPort(authority: string): string | null {
  const colon = authority.lastIndexOf(':');
  // The colons of an IPv6 address are within brackets.
  return colon <= authority.lastIndexOf(']') ? null : authority.slice(0, colon);
}

class Mark {
  hard = 0;
  soft = 0;
  softAtMs = Number.POSITIVE_INFINITY;

  /** Takes in another one: of each kind the later. */
  raise(other: Mark): void {
    this.hard = Math.max(this.hard, other.hard);
    if (other.soft <= this.soft) return;
    this.soft = other.soft;
    this.softAtMs = other.softAtMs;
  }

  /** Infinity: not purged. -Infinity: gone. Otherwise since when it is stale. */
  purgedAtMs(began: number): number {
    if (this.hard > began) return Number.NEGATIVE_INFINITY;
    return this.soft > began ? this.softAtMs : Number.POSITIVE_INFINITY;
  }
}

export interface MarkLimits {
  readonly marks: number;
  readonly hosts: number;
  readonly prefixes: number;
}

export const limitsOfNode: MarkLimits = { marks: MARKS_MAX, hosts: HOST_MARKS_MAX, prefixes: PREFIX_MARKS_MAX };

export class PurgeMarks {
  /** Number of the latest purge. What begins now, begins after it. */
  seq = 0;
  /** How often marks had to be given up. */
  collapses = 0;
  readonly #limits: MarkLimits;
  readonly #all = new Mark();
  readonly #hosts = new Map<string, Mark>();
  /** By host, and by prefix. All others are known by fingerprints. */
  readonly #prefixes = new Map<string, Map<string, Mark>>();
  readonly #urls = new Map<string, { readonly authority: string; readonly mark: Mark }>();
  #prefixCount = 0;
  readonly #tags = new Map<string, Mark>();
  readonly #changes = new Changes();
  #latestOfTags = 0;
  readonly #print: Fingerprint;

  constructor(limits: MarkLimits = limitsOfNode, print: Fingerprint = fingerprints(0)) {
    this.#limits = limits;
    this.#print = print;
  }

  get size(): number {
    return this.#urls.size + this.#tags.size + this.#hosts.size + this.#prefixCount;
  }

  /** A client has changed what is at this URL: a hard purge of it, of which there is no end of room for more. */
  change(authority: string, path: string, query: string): void {
    this.seq += 1;
    this.#changes.note(this.#print(markedUrl(authority, path, query)), this.seq);
  }

  /** From when this returns, nothing that began before is what it was. Returns its number. */
  purge(target: PurgeTarget, isSoft: boolean, nowMs: number): number {
    this.seq += 1;
    const mark = new Mark();
    if (isSoft) {
      mark.soft = this.seq;
      mark.softAtMs = nowMs;
    } else mark.hard = this.seq;
    this.#put(target, mark);
    return this.seq;
  }

  /** Infinity: it is as it was. -Infinity: it is gone. Otherwise since when it is stale: monotonic. */
  purgedAtMs({ authority, path, url, tags }: PurgeSubject, began: number): number {
    // Most of the time nothing was purged since.
    if (began >= this.seq) return Number.POSITIVE_INFINITY;
    let atMs = Math.min(
      this.#all.purgedAtMs(began),
      this.#hostPurgedAtMs(authority, began),
      this.#urlPurgedAtMs(url, began),
    );
    const prefixes = this.#prefixes.size === 0 ? undefined : this.#prefixes.get(this.#print(authority));
    for (const [prefix, mark] of prefixes ?? []) {
      if (path.startsWith(prefix)) atMs = Math.min(atMs, mark.purgedAtMs(began));
    }
    if (this.#tags.size === 0) return atMs;
    for (const tag of tags) {
      atMs = Math.min(atMs, this.#tags.get(this.#print(tag))?.purgedAtMs(began) ?? Number.POSITIVE_INFINITY);
    }
    return atMs;
  }

  #urlPurgedAtMs(url: string, began: number): number {
    if (this.#urls.size === 0 && this.#changes.isEmpty) return Number.POSITIVE_INFINITY;
    const print = this.#print(url);
    if (this.#changes.latest(print) > began) return Number.NEGATIVE_INFINITY;
    return this.#urls.get(print)?.mark.purgedAtMs(began) ?? Number.POSITIVE_INFINITY;
  }

  /** A mark of a host without a port means all of its ports. */
  #hostPurgedAtMs(authority: string, began: number): number {
    if (this.#hosts.size === 0) return Number.POSITIVE_INFINITY;
    const host = withoutPort(authority);
    return Math.min(this.#markOfHost(authority, began), host === null ? Infinity : this.#markOfHost(host, began));
  }

  #markOfHost(authority: string, began: number): number {
    return this.#hosts.get(this.#print(authority))?.purgedAtMs(began) ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Whether a request that comes now may be answered by a fetch that began then and whose answer is not there yet. Its tags
   * are not known, so that a purge of any tag may mean it.
   */
  mayJoin(subject: PurgeSubject, began: number): boolean {
    return this.#latestOfTags <= began && this.purgedAtMs(subject, began) === Number.POSITIVE_INFINITY;
  }

  #put(target: PurgeTarget, mark: Mark): void {
    switch (target.kind) {
      case 'all':
        this.#all.raise(mark);
        return;
      case 'host':
        this.#putHost(this.#print(markedAuthority(target.authority)), mark);
        return;
      case 'prefix':
        this.#putPrefix(this.#print(markedAuthority(target.authority)), markedPath(target.prefix), mark);
        return;
      case 'tag':
        this.#latestOfTags = this.seq;
        raiseIn(this.#tags, this.#print(target.tag), mark);
        break;
      case 'url': {
        const authority = this.#print(markedAuthority(target.authority));
        const url = this.#print(markedUrl(target.authority, target.path, target.query));
        const before = this.#urls.get(url);
        this.#urls.delete(url);
        if (before !== undefined) mark.raise(before.mark);
        this.#urls.set(url, { authority, mark });
      }
    }
    if (this.#urls.size + this.#tags.size > this.#limits.marks) this.#collapse();
  }

  #putHost(host: string, mark: Mark): void {
    raiseIn(this.#hosts, host, mark);
    if (this.#hosts.size <= this.#limits.hosts) return;
    this.collapses += 1;
    for (const older of olderHalf(this.#hosts)) this.#all.raise(older);
  }

  #putPrefix(host: string, prefix: string, mark: Mark): void {
    const prefixes = this.#prefixes.get(host) ?? new Map<string, Mark>();
    this.#prefixes.set(host, prefixes);
    this.#prefixCount -= prefixes.size;
    raiseIn(prefixes, prefix.slice(0, PREFIX_LENGTH_MAX), mark);
    const given = prefixes.size > this.#limits.prefixes ? olderHalf(prefixes) : [];
    this.#prefixCount += prefixes.size;
    if (given.length > 0) this.collapses += 1;
    for (const older of given) this.#putHost(host, older);
    while (this.#prefixCount > this.#limits.hosts) this.#giveUpPrefixes();
  }

  /** The host whose first prefix is the oldest loses all of them to a mark of the host. */
  #giveUpPrefixes(): void {
    for (const [host, prefixes] of this.#prefixes) {
      this.collapses += 1;
      this.#prefixCount -= prefixes.size;
      this.#prefixes.delete(host);
      for (const mark of prefixes.values()) this.#putHost(host, mark);
      return;
    }
  }

  #collapse(): void {
    this.collapses += 1;
    for (const { authority, mark } of olderHalf(this.#urls)) this.#putHost(authority, mark);
    for (const mark of olderHalf(this.#tags)) this.#all.raise(mark);
  }
}

/** Puts it last, as the latest, with what was there before. */
function raiseIn(marks: Map<string, Mark>, key: string, mark: Mark): void {
  const before = marks.get(key);
  const raised = new Mark();
  raised.raise(mark);
  if (before !== undefined) raised.raise(before);
  marks.delete(key);
  marks.set(key, raised);
}

/** Takes the older half out, rounded up, and returns it. */
function olderHalf<Value>(marks: Map<string, Value>): Value[] {
  const taken: Value[] = [];
  let left = Math.ceil(marks.size / 2);
  for (const [key, mark] of marks) {
    if (left === 0) break;
    left -= 1;
    marks.delete(key);
    taken.push(mark);
  }
  return taken;
}
