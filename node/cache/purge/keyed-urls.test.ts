import type { QueryKeySpec } from '@weir/proto/snapshot/cache.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { purgedQuery } from '../cache-key.js';
import { KeyedUrls, MARKED_MAX } from './keyed-urls.js';
import { markedUrl } from './marks.js';

const all: QueryKeySpec = { mode: 'all' };
const except = (...names: string[]): QueryKeySpec => ({ mode: 'except', names });
const only = (...names: string[]): QueryKeySpec => ({ mode: 'only', names });
const purged = (query: string) => ({ kind: 'url', authority: 'a.example', path: '/x', query }) as const;

function keyed(...rules: readonly QueryKeySpec[]): KeyedUrls {
  const urls = new KeyedUrls();
  urls.use(rules.map((query) => ({ query })));
  return urls;
}

/** In another spelling that means the same. */
const encoded = (query: string): string => query.replaceAll('a', '%61').replaceAll('b', '%62');

const queriesOf = (urls: KeyedUrls, query: string): unknown[] =>
  urls.marked(purged(query)).map((target) => (target.kind === 'url' ? target.query : target));

describe('a purge of a URL', () => {
  it('marks what each rule makes of it, each once', () => {
    const urls = keyed(all, except('utm'), except('utm', 'b'), only('lang'));
    expect(queriesOf(urls, 'page=2&utm=a')).toEqual(['page=2&utm=a', 'page=2', '']);
    expect(queriesOf(urls, '')).toEqual(['']);
  });

  it('marks the URL itself where no rule shortens it, and other purges are what they were', () => {
    expect(queriesOf(new KeyedUrls(), 'a=1')).toEqual(['a=1']);
    for (const target of [{ kind: 'all' }, { kind: 'tag', tag: 't' }] as const) {
      expect(keyed(only('a')).marked(target)).toEqual([target]);
    }
  });

  it('still means what requests store that began before the latest reloads, some of them', () => {
    const urls = keyed(only('r0'));
    for (let i = 1; i <= 8; i += 1) urls.use([{ query: only(`r${i}`) }]);
    const query = Array.from({ length: 10 }, (_, i) => `r${i}=1`).join('&');
    const kept = (): unknown[] => queriesOf(urls, query).slice(1);
    expect(kept()).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0].map((i) => `r${i}=1`));
    urls.use([{ query: only('r9') }]);
    expect(kept()).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1].map((i) => `r${i}=1`));
  });

  it('means all below its path where too many rules make too many URLs of it', () => {
    const names = Array.from({ length: MARKED_MAX }, (_, i) => `p${i}`);
    const query = names.map((name) => `${name}=1`).join('&');
    const urls = keyed(...names.map((name) => only(name)));
    expect(urls.marked(purged(query))).toEqual([{ kind: 'prefix', authority: 'a.example', prefix: '/x' }]);
  });

  it('means whatever is stored for that URL, by whichever rule in use its key was made', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const names = fc.uniqueArray(name, { maxLength: 2 });
    const rule = fc.oneof(
      fc.constant(all),
      names.map((list) => only(...list)),
      names.map((list) => except(...list)),
    );
    const query = fc.array(fc.tuple(name, fc.constantFrom('1', '2')), { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 1, maxLength: 4 }),
        query,
        fc.nat(3),
        fc.boolean(),
        (rules, pairs, at, isEncoded) => {
          const asked = pairs.map(([key, value]) => `${key}=${value}`).join('&');
          const used = rules[at % rules.length] ?? all;
          const stored = markedUrl('a.example', '/x', purgedQuery(isEncoded ? encoded(asked) : asked, used));
          const marked = keyed(...rules).marked(purged(asked));
          expect(
            marked.map((target) => (target.kind === 'url' ? markedUrl('a.example', '/x', target.query) : '')),
          ).toContain(stored);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
