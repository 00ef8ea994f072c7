import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  limitsOfNode,
  type MarkLimits,
  markedAuthority,
  markedPath,
  markedUrl,
  PREFIX_LENGTH_MAX,
  PurgeMarks,
  type PurgeSubject,
  type PurgeTarget,
} from './marks.js';

const UNTOUCHED = Number.POSITIVE_INFINITY;
const GONE = Number.NEGATIVE_INFINITY;

const subjectOf = (authority: string, path: string, query: string, tags: readonly string[]): PurgeSubject => {
  return {
    authority: markedAuthority(authority),
    path: markedPath(path),
    url: markedUrl(authority, path, query),
    tags,
  };
};

/** Small enough that purges often mean what is stored. */
const authority = fc.constantFrom('a.example', 'a.example:443', 'b.example', 'c.example', 'c.example:81');
const path = fc.constantFrom('/', '/x', '/x/1', '/x/2', '/y/%7e', '/y/~');
const query = fc.constantFrom('', 'p=1', 'p=1&q=2', 'q=2&p=1');
const tag = fc.constantFrom('t1', 't2', 't3', 't4');

const target: fc.Arbitrary<PurgeTarget> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('url' as const), authority, path, query }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('tag' as const), tag }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('prefix' as const), authority, prefix: path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('host' as const), authority }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('all' as const) }) },
);

type Event =
  | { readonly kind: 'fetch'; readonly subject: PurgeSubject }
  /** A fetch that began earlier ends, and its answer is stored; or a stored one was validated. */
  | { readonly kind: 'arrive' | 'validate'; readonly which: number }
  | { readonly kind: 'purge'; readonly target: PurgeTarget; readonly isSoft: boolean };

const subject = fc.tuple(authority, path, query, fc.subarray(['t1', 't2', 't3', 't4'], { maxLength: 2 }));
const event: fc.Arbitrary<Event> = fc.oneof(
  subject.map(([host, at, asked, tags]): Event => ({ kind: 'fetch', subject: subjectOf(host, at, asked, tags) })),
  fc.nat(9).map((which): Event => ({ kind: 'arrive', which })),
  fc.nat(9).map((which): Event => ({ kind: 'validate', which })),
  fc.record({ kind: fc.constant('purge' as const), target, isSoft: fc.boolean() }),
);

/** What a purge means, said as plainly as can be. */
function means(purged: PurgeTarget, { authority: host, path: at, url, tags }: PurgeSubject): boolean {
  switch (purged.kind) {
    case 'all':
      return true;
    case 'host':
      return host === markedAuthority(purged.authority) || host.startsWith(`${purged.authority}:`);
    case 'prefix':
      return host === markedAuthority(purged.authority) && at.startsWith(markedPath(purged.prefix));
    case 'tag':
      return tags.includes(purged.tag);
    case 'url':
      return url === markedUrl(purged.authority, purged.path, purged.query);
  }
}

interface Fetched {
  readonly subject: PurgeSubject;
  began: number;
  /** How many events had been when it began. */
  beganAt: number;
  isStored: boolean;
}

interface Purged {
  readonly at: number;
  readonly target: PurgeTarget;
  readonly isSoft: boolean;
}

/** Tells a history to the marks, and after each event what each stored answer should be by the list of all purges. */
function tell(
  events: readonly Event[],
  limits: MarkLimits | undefined,
  isRight: (is: number, since: readonly Purged[], mayJoin: boolean, fetched: Fetched) => boolean,
): { readonly marks: PurgeMarks; readonly wrong: readonly unknown[] } {
  const marks = new PurgeMarks(limits);
  const fetched: Fetched[] = [];
  const purges: Purged[] = [];
  const wrong: unknown[] = [];
  events.forEach((happened, at) => {
    if (happened.kind === 'fetch') {
      fetched.push({ subject: happened.subject, began: marks.seq, beganAt: at, isStored: false });
    } else if (happened.kind === 'purge') {
      purges.push({ at, target: happened.target, isSoft: happened.isSoft });
      marks.purge(happened.target, happened.isSoft, at);
    } else {
      const one = fetched[happened.which % Math.max(1, fetched.length)];
      if (one !== undefined && happened.kind === 'arrive') one.isStored = true;
      // What is gone is not validated; what is stale is.
      if (one?.isStored && happened.kind === 'validate' && marks.purgedAtMs(one.subject, one.began) !== GONE) {
        one.began = marks.seq;
        one.beganAt = at;
      }
    }
    for (const one of fetched) {
      const since = purges.filter((purge) => purge.at > one.beganAt);
      const is = marks.purgedAtMs(one.subject, one.began);
      const mayJoin = marks.mayJoin(one.subject, one.began);
      if (!isRight(is, since, mayJoin, one)) wrong.push({ at, is, mayJoin, since, one });
    }
  });
  return { marks, wrong };
}

const history = fc.array(event, { maxLength: 24, size: 'max' });

describe('a purge', () => {
  it('means all that began before it, also what arrives later, and nothing else: ten thousand histories', () => {
    fc.assert(
      fc.property(history, (events) => {
        const { wrong } = tell(events, undefined, (is, since, mayJoin, { subject: one }) => {
          const meant = since.filter((purge) => means(purge.target, one));
          const mayMean = since.some((purge) => purge.target.kind === 'tag' || means(purge.target, one));
          if (mayJoin === mayMean) return false;
          if (meant.some(({ isSoft }) => !isSoft)) return is === GONE;
          return meant.length === 0 ? is === UNTOUCHED : meant.some(({ at }) => at === is);
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 10_000 },
    );
  }, 120_000);

  it('means no less when there is no room for its mark, and there are never more marks than may be', () => {
    const limits = fc.record({
      marks: fc.integer({ min: 1, max: 4 }),
      hosts: fc.integer({ min: 1, max: 2 }),
      prefixes: fc.integer({ min: 1, max: 2 }),
    });
    fc.assert(
      fc.property(history, limits, (events, small) => {
        const { marks, wrong } = tell(events, small, (is, since, mayJoin, { subject: one }) => {
          const meant = since.filter((purge) => means(purge.target, one));
          if (since.length === 0) return is === UNTOUCHED && mayJoin;
          // A hard purge of a few may become one of all; a soft one never makes anything go.
          if (since.every(({ isSoft }) => isSoft) && is === GONE) return false;
          if (meant.length > 0 && (is === UNTOUCHED || mayJoin)) return false;
          return is === GONE || meant.every(({ isSoft }) => isSoft);
        });
        expect(wrong).toEqual([]);
        expect(marks.size).toBeLessThanOrEqual(small.marks + 2 * small.hosts);
      }),
      { numRuns: 3_000 },
    );
  }, 120_000);

  it('of a tag with any number of members writes one mark', () => {
    const marks = new PurgeMarks();
    for (let i = 0; i < 1000; i += 1) marks.purge({ kind: 'tag', tag: 'big' }, i % 2 === 0, i);
    expect([marks.size, marks.seq, marks.collapses]).toEqual([1, 1000, 0]);
  });

  it('beyond the bound costs the older half, and not what is purged next', () => {
    const marks = new PurgeMarks({ marks: 100, hosts: 10, prefixes: 4 });
    const other = subjectOf('z.example', '/', '', []);
    for (let i = 0; i < 101; i += 1) marks.purge({ kind: 'tag', tag: `t${i}` }, false, i);
    expect([marks.collapses, marks.purgedAtMs(other, 50), marks.purgedAtMs(other, 51)]).toEqual([1, GONE, UNTOUCHED]);
    for (let i = 0; i < 50; i += 1) marks.purge({ kind: 'tag', tag: `u${i}` }, false, i);
    expect([marks.collapses, marks.purgedAtMs(other, 51)]).toEqual([1, UNTOUCHED]);
  });
});

describe('a change by a client', () => {
  const changed = subjectOf('a.example', '/x', 'i=7', []);

  it('is a hard purge of its URL, for what began before it', () => {
    const marks = new PurgeMarks();
    marks.change('a.example:80', '/x', 'i=%37');
    expect([0, 1].map((began) => marks.purgedAtMs(changed, began))).toEqual([GONE, UNTOUCHED]);
    expect([marks.mayJoin(changed, 0), marks.mayJoin(changed, 1)]).toEqual([false, true]);
    expect(marks.purgedAtMs(subjectOf('a.example', '/x', 'i=8', []), 0)).toBe(UNTOUCHED);
  });

  it('is never given up, and makes no purge of a host or of everything, however many come', () => {
    const marks = new PurgeMarks({ marks: 100, hosts: 10, prefixes: 4 });
    marks.purge({ kind: 'url', authority: 'a.example', path: '/purged', query: '' }, false, 0);
    for (let i = 0; i < 100_001; i += 1) marks.change('a.example', '/x', `i=${i}`);
    expect([marks.size, marks.collapses, marks.purgedAtMs(changed, 1)]).toEqual([1, 0, GONE]);
    const others = Array.from({ length: 1_000 }, (_, i) => subjectOf('a.example', `/other/${i}`, '', []));
    const byChance = others.filter((other) => marks.purgedAtMs(other, 0) === GONE).length;
    expect(byChance).toBeLessThan(60);
  });
});

describe('what a mark takes', () => {
  it('does not grow with its texts: a prefix that is too long is cut, and means more', () => {
    const marks = new PurgeMarks();
    const long = `/${'x'.repeat(5_000)}`;
    marks.purge({ kind: 'prefix', authority: 'a.example', prefix: long }, false, 0);
    expect(marks.purgedAtMs(subjectOf('a.example', `${long}/1`, '', []), 0)).toBe(GONE);
    expect(marks.purgedAtMs(subjectOf('a.example', long.slice(0, PREFIX_LENGTH_MAX), '', []), 0)).toBe(GONE);
    expect(marks.purgedAtMs(subjectOf('a.example', long.slice(0, PREFIX_LENGTH_MAX - 1), '', []), 0)).toBe(UNTOUCHED);
  });

  it('is a fingerprint of its URL, tag or host', () => {
    const marks = new PurgeMarks(limitsOfNode, (text) => text.slice(-1));
    marks.purge({ kind: 'url', authority: 'a.example', path: '/', query: 'a=x' }, false, 0);
    marks.purge({ kind: 'tag', tag: 'ty' }, true, 5);
    marks.purge({ kind: 'host', authority: 'z' }, false, 0);
    const purgedAtMs = (host: string, query: string, ...tags: string[]) =>
      marks.purgedAtMs(subjectOf(host, '/', query, tags), 0);
    expect([purgedAtMs('b', 'b=x'), purgedAtMs('b', '', 'y'), purgedAtMs('yz', '')]).toEqual([GONE, 5, GONE]);
    expect(purgedAtMs('b', 'b', 't')).toBe(UNTOUCHED);
  });

  it('is counted for prefixes as well, and of all hosts there are not more than marks of hosts', () => {
    const marks = new PurgeMarks({ marks: 100, hosts: 10, prefixes: 4 });
    const purge = (host: number, prefix: number) =>
      marks.purge({ kind: 'prefix', authority: `h${host}`, prefix: `/${prefix}` }, false, 0);
    for (let host = 0; host < 5; host += 1) for (let prefix = 0; prefix < 2; prefix += 1) purge(host, prefix);
    expect([marks.size, marks.collapses]).toEqual([10, 0]);
    purge(5, 0);
    expect([marks.size, marks.collapses]).toEqual([10, 1]);
    expect(marks.purgedAtMs(subjectOf('h0', '/other', '', []), 0)).toBe(GONE);
    expect(marks.purgedAtMs(subjectOf('h1', '/other', '', []), 0)).toBe(UNTOUCHED);
  });
});

describe('what is one and the same to a purge', () => {
  it.each([
    ['a.example', 'a.example:80', true],
    ['a.example:443', 'a.example:80', true],
    ['a.example.', 'a.example', true],
    ['a.example.:8080', 'a.example:8080', true],
    ['[::1]:80', '[::1]', true],
    ['a.example:8080', 'a.example', false],
    ['[::1]', '[::2]', false],
  ])('%s and %s: %s', (one, other, isSame) => {
    const marks = new PurgeMarks();
    marks.purge({ kind: 'url', authority: one, path: '/', query: '' }, false, 0);
    expect(marks.purgedAtMs(subjectOf(other, '/', '', []), 0)).toBe(isSame ? GONE : UNTOUCHED);
  });

  it.each([
    ['a=1&b=2', 'b=2&a=1', true],
    ["q='x'", 'q=%27x%27', true],
    ['q=a+b', 'q=a%20b', true],
    ['q=%7e', 'q=~', true],
    ['q=a', 'q=A', false],
    ['q=%zz', 'q=%zz', true],
  ])('the queries %s and %s: %s', (one, other, isSame) => {
    const marks = new PurgeMarks();
    marks.purge({ kind: 'url', authority: 'a.example', path: '/', query: one }, false, 0);
    expect(marks.purgedAtMs(subjectOf('a.example', '/', other, []), 0)).toBe(isSame ? GONE : UNTOUCHED);
  });

  it.each([
    ['/a(b),c', '/a%28b%29%2Cc', true],
    ['/a;x=1', '/a%3bx%3D1', true],
    ["/!$&'*+:@[]", '/%21%24%26%27%2A%2B%3A%40%5B%5D', true],
    ['/^`{|}"<>', '/%5E%60%7B%7C%7D%22%3C%3E', true],
    ['/é', '/%c3%A9', true],
    ['/a/b', '/a%2Fb', false],
    ['/a%2fb', '/a%2Fb', true],
    ['/a%3Fb', '/a%3fb', true],
    ['/%252F', '/%2F', false],
    ['/a', '/A', false],
  ])('the paths %s and %s: %s', (one, other, isSame) => {
    for (const [purged, stored] of [
      [one, other],
      [other, one],
    ] as const) {
      const marks = new PurgeMarks();
      marks.purge({ kind: 'url', authority: 'a.example', path: purged, query: '' }, false, 0);
      expect(marks.purgedAtMs(subjectOf('a.example', stored, '', []), 0)).toBe(isSame ? GONE : UNTOUCHED);
      const prefixes = new PurgeMarks();
      prefixes.purge({ kind: 'prefix', authority: 'a.example', prefix: purged }, false, 0);
      expect(prefixes.purgedAtMs(subjectOf('a.example', `${stored}/1`, '', []), 0)).toBe(isSame ? GONE : UNTOUCHED);
    }
  });

  it('any character of a path, written out or not, but for those that would mean something else', () => {
    for (let code = 0x21; code < 0x7f; code += 1) {
      const character = String.fromCharCode(code);
      const encoded = `%${code.toString(16)}`;
      const isSame = !'#%/?\\'.includes(character);
      expect([character, markedPath(`/x${character}y`) === markedPath(`/x${encoded}y`)]).toEqual([character, isSame]);
    }
  });

  it('a host without a port is all of its ports, and with one that one alone', () => {
    const purgedOf = (purged: string, authority: string): number => {
      const marks = new PurgeMarks();
      marks.purge({ kind: 'host', authority: purged }, false, 0);
      return marks.purgedAtMs(subjectOf(authority, '/', '', []), 0);
    };
    expect(purgedOf('a.example', 'a.example:8080')).toBe(GONE);
    expect(purgedOf('a.example:8080', 'a.example:8080')).toBe(GONE);
    expect(purgedOf('a.example:8080', 'a.example')).toBe(UNTOUCHED);
    expect(purgedOf('[::1]', '[::1]:8080')).toBe(GONE);
    expect(purgedOf('[', '[::1]:8080')).toBe(UNTOUCHED);
  });
});
