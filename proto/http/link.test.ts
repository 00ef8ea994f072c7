import { expect, it } from 'vitest';
import { withoutLinks } from './link.js';

const paging = new Set(['next', 'prev']);

it.each([
  ['</a?page=2>; rel="next"', ''],
  ['</a>; rel=next', ''],
  ['</a,b>; rel="next", </c>; rel="author"', '</c>; rel="author"'],
  ['</a>; title="x, rel=next"; rel="author"', '</a>; title="x, rel=next"; rel="author"'],
  ['</a;rel=next>; rel=author', '</a;rel=next>; rel=author'],
  ['</a>; REL="prefetch NEXT"', ''],
  ['</a>; rel="author"; rel="next"', '</a>; rel="author"; rel="next"'],
  ['nonsense', 'nonsense'],
  ['<open', '<open'],
])('of %s remains %s', (value, kept) => {
  expect(withoutLinks(['x', '1', 'link', value], paging)).toEqual(['x', '1', ...(kept === '' ? [] : ['link', kept])]);
});
