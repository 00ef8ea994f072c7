import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markedPath, markedUrl, type PurgeSubject, type PurgeTarget } from '../purge/marks.js';
import { fieldsOf, type Generation, judge, parseMark, placeOf, URL_PLACES } from './generations.js';
import { PendingPurges } from './pending-purges.js';
import { ModelRedis } from './testing/model-redis.js';

const digests = new Map<string, string>();
function digest(text: string): string {
  const known = digests.get(text) ?? createHash('sha256').update(text).digest('base64url');
  digests.set(text, known);
  return known;
}

const authority = fc.constantFrom('a.example', 'b.example', 'b.example:8080');
const path = fc.constantFrom('/', '/x', '/x/1', '/x/2', '/y');
const tag = fc.constantFrom('t1', 't2', 't3');
const target: fc.Arbitrary<PurgeTarget> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('url' as const), authority, path, query: fc.constant('') }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('tag' as const), tag }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('prefix' as const), authority, prefix: path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('host' as const), authority }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('all' as const) }) },
);
const subject = fc
  .tuple(authority, path, fc.subarray(['t1', 't2', 't3'], { maxLength: 2 }))
  .map(([host, at, tags]): PurgeSubject => {
    return { authority: host, path: markedPath(at), url: markedUrl(host, at, ''), tags };
  });

const NODES = 3;
const node = fc.nat(NODES - 1);

type Event =
  /** A node asks its upstream; it has looked in Redis before, where it could. */
  | { readonly kind: 'fetch'; readonly node: number; readonly subject: PurgeSubject }
  /** What was fetched comes, and is written to Redis, be it late. */
  | { readonly kind: 'write'; readonly which: number }
  /** One node is told, and answers at once; it tells Redis when it can. */
  | { readonly kind: 'purge'; readonly node: number; readonly target: PurgeTarget; readonly isSoft: boolean }
  /** What a node can't reach, or can again. */
  | { readonly kind: 'cut' | 'mend'; readonly node: number }
  /** The next purge: told, and the answer is lost; or lost itself; or it waits, though the connection is well. */
  | { readonly kind: 'unheard' | 'unsaid' | 'waiting'; readonly node: number }
  | { readonly kind: 'flush' | 'evict-marks' | 'restart' | 'save' | 'restart-saved' };

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('fetch' as const), node, subject }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), which: fc.nat(9) }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('purge' as const), node, target, isSoft: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'mend' as const), node }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom(...(['unheard', 'unsaid', 'waiting'] as const)), node }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('flush', 'evict-marks', 'restart', 'save', 'restart-saved'),
    }) as fc.Arbitrary<Event>, // Each of them is one.
  },
);

/** What a purge means, said as plainly as can be. */
function means(purged: PurgeTarget, of: PurgeSubject): boolean {
  switch (purged.kind) {
    case 'all':
      return true;
    case 'host':
      return of.authority === purged.authority || of.authority === `${purged.authority}:8080`;
    case 'prefix':
      return of.authority === purged.authority && of.path.startsWith(purged.prefix);
    case 'tag':
      return of.tags.includes(purged.tag);
    case 'url':
      return of.url === markedUrl(purged.authority, purged.path, purged.query);
  }
}

/** What becomes of a purge on its way to Redis. */
type Fate = 'heard' | 'unheard' | 'unsaid' | 'waiting';

interface Fetched {
  readonly subject: PurgeSubject;
  readonly generation: Generation | null;
  /** How many events had been. */
  readonly at: number;
}

interface Purged {
  readonly target: PurgeTarget;
  readonly isSoft: boolean;
  readonly node: number;
  readonly at: number;
}

/** A node as redis-l2.ts has it: what it knows, what it has yet to tell, and whether it is connected. */
class ModelNode {
  known: Generation | null = null;
  isConnected = false;
  readonly pending: PendingPurges;

  constructor(pendingMax: number) {
    this.pending = new PendingPurges(pendingMax);
  }

  get isReadable(): boolean {
    return this.isConnected && this.pending.size === 0;
  }

  connect(redis: ModelRedis): void {
    this.isConnected = true;
    this.pending.backAll();
    this.known = redis.adopt();
    this.tell(redis, 'heard');
  }

  tell(redis: ModelRedis, fate: Fate): void {
    if (!this.isConnected || fate === 'waiting') return;
    for (const pending of this.pending.take(1_000)) {
      const { notice } = pending;
      if (notice.kind === 'mark' && fate !== 'unsaid') redis.mark(notice.place, notice.isSoft);
      if (fate === 'heard') this.pending.done(pending);
    }
    if (fate !== 'heard') this.isConnected = false;
  }
}

class History {
  readonly redis = new ModelRedis();
  readonly nodes: readonly ModelNode[];
  readonly fetched: Fetched[] = [];
  readonly purged: Purged[] = [];
  readonly written: Fetched[] = [];
  #saved = this.redis.save();
  readonly #fates = new Map<number, Fate>();
  found = 0;

  constructor(pendingMax: number) {
    this.nodes = Array.from({ length: NODES }, () => new ModelNode(pendingMax));
    for (const one of this.nodes) one.connect(this.redis);
  }

  happen(happening: Event, at: number): void {
    switch (happening.kind) {
      case 'fetch': {
        const asker = this.#node(happening.node);
        if (asker.isReadable) asker.known = this.redis.present() ?? asker.known;
        this.fetched.push({ subject: happening.subject, generation: asker.known, at });
        return;
      }
      case 'write': {
        const one = this.fetched[happening.which % Math.max(1, this.fetched.length)];
        if (one !== undefined) this.written.push(one);
        return;
      }
      case 'purge': {
        const teller = this.#node(happening.node);
        const { target, isSoft } = happening;
        teller.pending.add({ kind: 'mark', place: placeOf(target, digest), target, isSoft });
        teller.tell(this.redis, this.#fates.get(happening.node) ?? 'heard');
        this.#fates.delete(happening.node);
        this.purged.push({ ...happening, at });
        return;
      }
      case 'unheard':
      case 'unsaid':
      case 'waiting':
        this.#fates.set(happening.node, happening.kind);
        return;
      case 'cut':
        this.#node(happening.node).isConnected = false;
        return;
      case 'mend':
        if (!this.#node(happening.node).isConnected) this.#node(happening.node).connect(this.redis);
        return;
      default:
        this.#befall(happening.kind);
    }
  }

  /** Whoever may read finds nothing that a purge means which Redis or the reader itself has been told of. */
  check(): void {
    for (const [i, reader] of this.nodes.entries()) {
      if (!reader.isReadable) continue;
      const present = this.redis.present();
      if (present === null) {
        // It finds out by this look-up, and adopts a new epoch on a new connection.
        reader.connect(this.redis);
        continue;
      }
      for (const one of this.written) {
        if (one.generation === null) continue;
        const values = fieldsOf(one.subject, digest).map((field) => this.redis.get(field));
        const judgement = judge(one.generation, present, one.subject.path, values, digest);
        if (judgement.kind === 'valid') this.found += 1;
        if (judgement.kind === 'purged') continue;
        // `expect` would be most of what this costs.
        for (const purge of this.purged) {
          if (purge.at <= one.at || !means(purge.target, one.subject)) continue;
          const isKnown = purge.node === i || this.#node(purge.node).pending.size === 0;
          if (isKnown && !(purge.isSoft && judgement.kind === 'soft')) throw new Error('what was purged is valid');
        }
      }
    }
  }

  #befall(kind: 'flush' | 'evict-marks' | 'restart' | 'save' | 'restart-saved'): void {
    if (kind === 'save') {
      this.#saved = this.redis.save();
      return;
    }
    if (kind === 'restart-saved') this.redis.restart(this.#saved);
    else if (kind === 'restart') this.redis.restart(null);
    else this.redis.flush();
    // A process that is gone takes its connections with it; nodes connect again.
    if (kind.startsWith('restart')) for (const one of this.nodes) one.isConnected = false;
  }

  #node(index: number): ModelNode {
    const one = this.nodes[index];
    if (one === undefined) throw new Error('there are fewer');
    return one;
  }
}

describe('what was fetched before a purge', () => {
  it('is not valid after it, in ten thousand histories of purges, fetches, late writes, losses and partitions', () => {
    let found = 0;
    fc.assert(
      fc.property(fc.array(event, { size: 'max', maxLength: 30 }), fc.constantFrom(2, 1_000), (events, pendingMax) => {
        const history = new History(pendingMax);
        for (const [at, happening] of events.entries()) {
          history.happen(happening, at);
          if (happening.kind !== 'fetch' && happening.kind !== 'cut') history.check();
        }
        found += history.found;
      }),
      { numRuns: 10_000 },
    );
    // It is a cache, after all.
    expect(found).toBeGreaterThan(10_000);
  });
});

it('marks of URLs are never more than a node allows for, so that writes of clients are no purge of everything', () => {
  const fields = Array.from({ length: 5_000 }, (_, i) => {
    return placeOf({ kind: 'url', authority: 'a.example', path: `/${i}`, query: '' }, digest).field;
  });
  expect(fields.filter((field) => !/^u:[\w-]{3}$/.test(field))).toEqual([]);
  expect(URL_PLACES).toBe(64 ** 3);
  // By chance two of so many are one; (5,000² / 2) / 262,144 of them.
  expect(new Set(fields).size).toBeGreaterThan(4_900);
});

describe('a look at the marks', () => {
  const began: Generation = { epoch: 'e', seq: 5 };
  const at = (value: string | null, isLast = false): string => {
    const values = isLast ? [null, value] : [value, null];
    return judge(began, { epoch: 'e', seq: 9 }, '/x/1', values, digest).kind;
  };

  it("takes what can't be read for a purge", () => {
    expect(at(null)).toBe('valid');
    expect(at('5 0 0')).toBe('valid');
    for (const text of ['6 0 0', '', 'x', '6', '5 0', '-1 0 0', '5 0 0 0', '5 0 0\n']) expect(at(text)).toBe('purged');
    for (const text of ['x', '5 0 0', '2 abc 5 0 0 0']) expect(at(text, true)).toBe('purged');
    expect(parseMark('1 2 3')).toEqual({ hard: 1, soft: 2, softAtMs: 3 });
  });

  it('knows prefixes by their length, and not what is shorter', () => {
    const line = (prefix: string, marks: string): string => {
      const place = placeOf({ kind: 'prefix', authority: 'a', prefix }, digest).prefix;
      return `${place?.length} ${place?.digest} ${marks}\n`;
    };
    expect(at(line('/x', '6 0 0'), true)).toBe('purged');
    expect(at(line('/x/1', '6 0 0'), true)).toBe('purged');
    expect(at(line('/x/11', '6 0 0'), true)).toBe('valid');
    expect(at(line('/y', '6 0 0'), true)).toBe('valid');
    expect(at(line('/y', '6 0 0') + line('/x', '0 6 7'), true)).toBe('soft');
  });

  it('believes no number from another epoch, or from the future', () => {
    const none = [null, null];
    expect(judge(began, { epoch: 'f', seq: 9 }, '/', none, digest).kind).toBe('purged');
    expect(judge(began, { epoch: 'e', seq: 4 }, '/', none, digest).kind).toBe('purged');
    expect(judge(began, { epoch: 'e', seq: 5 }, '/', none, digest).kind).toBe('valid');
  });
});
