/**
 * A whole cache without sockets, timers or memory limits: the decisions of this folder, a map, and an origin that answers
 * at once. The conformance tables are told through it, so what they show is what the decisions come to together.
 */
import type { HeaderList } from '@weir/proto/http/headers.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import { type Ask, askedDirectives, whyBypass } from '../ask.js';
import { cacheKey } from '../cache-key.js';
import type { Moments } from '../freshness.js';
import { invalidatedBy } from '../invalidation.js';
import { lookUp } from '../look-up.js';
import { type Pending, receive, standsIn } from '../receive.js';
import { type Reply, replyTo, servesFromPart } from '../reply.js';
import { afterHead, hasValidator, validatingHeaders } from '../revalidate.js';
import { type NotStored, supersedes } from '../storability.js';
import { partBytes, type Stored } from '../stored.js';
import { varyKey } from '../vary-key.js';

export interface OriginAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
}

/** Null: the origin fails. */
export type Origin = (method: string, headers: HeaderList) => OriginAnswer | null;

export type How =
  | 'hit'
  | 'stale'
  | 'refresh'
  | 'validated'
  | 'stood-in'
  | 'fetched'
  | 'bypassed'
  | 'unavailable'
  | 'failed';

export interface Told {
  readonly how: How;
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string;
}

interface Entry {
  readonly stored: Stored;
  readonly body: string;
}

interface Resource {
  /** Fields that answers varied by, the latest first. */
  readonly varied: string[][];
  readonly entries: Map<string, Entry>;
}

/** Fails, as an origin does that can't be reached and for which nothing stands in. */
const FAILED: Told = { how: 'failed', status: 502, headers: [], body: '' };

/** What the tables are told to. */
export interface CaseCache {
  ask(ask: Ask, origin: Origin, nowMs: number): Told;
}

export class PureCache implements CaseCache {
  readonly #resources = new Map<string, Resource>();
  readonly #spec: CacheSpec;
  readonly #wallStartMs: number;

  constructor(spec: CacheSpec, wallStartMs: number) {
    this.#spec = spec;
    this.#wallStartMs = wallStartMs;
  }

  ask(ask: Ask, origin: Origin, nowMs: number): Told {
    const asked = askedDirectives(ask.headers, this.#spec);
    if (whyBypass(ask, asked) !== null) return this.#bypass(ask, origin);
    const { entry, isKnown } = this.#find(ask, nowMs);
    const reason = isKnown ? 'vary-miss' : 'uri-miss';
    const verdict = lookUp(entry?.stored ?? null, asked, Number.POSITIVE_INFINITY, reason, nowMs);
    if (verdict.kind === 'unavailable') return { how: 'unavailable', status: 504, headers: [], body: '' };
    const { stored } = verdict;
    const pending: Pending = {
      ask,
      asked,
      validated: stored !== null && hasValidator(stored) ? stored : null,
      standIn: stored,
      standsInUntilMs: verdict.kind === 'ask' ? verdict.standsInUntilMs : Number.NEGATIVE_INFINITY,
    };
    if (verdict.kind === 'ask') {
      if (ask.method === 'HEAD') return this.#fetchHead(pending, entry, origin, nowMs);
      return this.#fetch(pending, entry, origin, nowMs);
    }
    if (entry === null) throw new Error('a hit is found');
    const how = verdict.refreshes ? 'refresh' : verdict.isStale ? 'stale' : 'hit';
    const told = this.#reply(how, ask, entry, nowMs);
    if (verdict.refreshes) this.#fetch({ ...pending, ask: { ...ask, method: 'GET' } }, entry, origin, nowMs);
    return told;
  }

  #find(ask: Ask, nowMs: number): { entry: Entry | null; isKnown: boolean } {
    const resource = this.#resources.get(cacheKey(ask, this.#spec.key));
    for (const names of resource?.varied ?? []) {
      const entry = resource?.entries.get(varyKey(names, ask.headers));
      if (entry === undefined) continue;
      const isUsable = entry.stored.part === null || servesFromPart(ask, entry.stored, this.#wallAt(nowMs));
      if (isUsable) return { entry, isKnown: true };
    }
    return { entry: null, isKnown: resource !== undefined };
  }

  /** `before`: the one that it is made of. */
  #put(ask: Ask, entry: Entry, before: Entry | null = null): void {
    this.#drop(ask, before);
    const key = cacheKey(ask, this.#spec.key);
    const resource = this.#resources.get(key) ?? { varied: [], entries: new Map<string, Entry>() };
    this.#resources.set(key, resource);
    const names = [...entry.stored.vary];
    const others = resource.varied.filter((other) => other.join() !== names.join());
    resource.varied.splice(0, resource.varied.length, names, ...others);
    resource.entries.set(varyKey(names, ask.headers), entry);
  }

  #bypass(ask: Ask, origin: Origin): Told {
    const answer = origin(ask.method, ask.headers);
    if (answer === null) return FAILED;
    for (const { path, query } of invalidatedBy(ask, answer.status, answer.headers, false)) {
      this.#resources.delete(cacheKey({ ...ask, path, query }, this.#spec.key));
    }
    return passed('bypassed', ask, answer);
  }

  #fetchHead(pending: Pending, entry: Entry | null, origin: Origin, nowMs: number): Told {
    const { ask } = pending;
    const answer = origin('HEAD', validatingHeaders(ask.headers, null));
    if (answer === null) return this.#standIn(pending, entry, nowMs);
    if (entry !== null) {
      const { stored, body } = entry;
      const moments = this.#momentsAt(nowMs);
      const { asked } = pending;
      const next = afterHead(ask, asked, stored, body.length, answer.status, answer.headers, moments, this.#spec);
      if (next?.why === null) this.#put(ask, { stored: next.stored, body }, entry);
      else if (next !== null) this.#refused(ask, next.why, answer.status, entry);
    }
    return passed('fetched', ask, answer);
  }

  #fetch(pending: Pending, entry: Entry | null, origin: Origin, nowMs: number): Told {
    const { ask } = pending;
    const answer = origin(ask.method, validatingHeaders(ask.headers, pending.validated));
    if (answer === null) return this.#standIn(pending, entry, nowMs);
    const receipt = receive(pending, answer.status, answer.headers, this.#momentsAt(nowMs), this.#spec);
    switch (receipt.kind) {
      case 'confirmed': {
        const confirmed = { stored: receipt.stored, body: entry?.body ?? '' };
        if (receipt.why === null) this.#put(ask, confirmed, entry);
        else this.#refused(ask, receipt.why, receipt.stored.status, entry);
        return this.#reply('validated', ask, confirmed, nowMs);
      }
      case 'stale':
        return this.#standIn(pending, entry, nowMs);
      case 'ask-again':
        return this.#fetch({ ...pending, validated: null }, entry, origin, nowMs);
      case 'pass':
        if (receipt.why !== 'not-modified') this.#refused(ask, receipt.why, answer.status, entry);
        return passed('fetched', ask, answer);
      case 'store': {
        const length = partBytes(receipt.stored);
        if (length !== null && length !== answer.body.length) return passed('fetched', ask, answer);
        const entered = { stored: receipt.stored, body: answer.body };
        this.#put(ask, entered);
        return this.#reply('fetched', ask, entered, nowMs);
      }
    }
  }

  #refused(ask: Ask, why: NotStored, status: number, entry: Entry | null): void {
    if (supersedes(why, status)) this.#drop(ask, entry);
  }

  #drop(ask: Ask, entry: Entry | null): void {
    const entries = this.#resources.get(cacheKey(ask, this.#spec.key))?.entries;
    for (const [at, one] of entries ?? []) if (one === entry) entries?.delete(at);
  }

  #standIn(pending: Pending, entry: Entry | null, nowMs: number): Told {
    if (entry === null || !standsIn(pending, nowMs)) return FAILED;
    return this.#reply('stood-in', pending.ask, entry, nowMs);
  }

  #reply(how: How, ask: Ask, entry: Entry, nowMs: number): Told {
    const made = replyTo(ask, entry.stored, entry.body.length, nowMs, this.#wallAt(nowMs));
    return { how, status: made.status, headers: made.headers, body: cut(entry.body, made.body) };
  }

  #wallAt(nowMs: number): number {
    return this.#wallStartMs + nowMs;
  }

  #momentsAt(nowMs: number): Moments {
    return { askedAtMs: nowMs, receivedAtMs: nowMs, receivedWallMs: this.#wallAt(nowMs) };
  }
}

function passed(how: How, ask: Ask, { status, headers, body }: OriginAnswer): Told {
  return { how, status, headers, body: ask.method === 'HEAD' ? '' : body };
}

function cut(body: string, part: Reply['body']): string {
  if (part === null) return '';
  return part === 'all' ? body : body.slice(part.first, part.last + 1);
}
