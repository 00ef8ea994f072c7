import { describe, expect, it } from 'vitest';
import { TAG_LENGTH_MAX, TAGS_MAX, tagsOf } from './tags.js';

const numbered = (count: number, between: string) => Array.from({ length: count }, (_, i) => `t${i}`).join(between);

describe('the tags of a response', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['are none', ['x', 'y'], []],
    ['stand between spaces in Surrogate-Key', ['surrogate-key', ' a  b,c\ta '], ['a', 'b,c']],
    ['stand between commas in Cache-Tag', ['cache-tag', 'a, b c ,,a'], ['a', 'b c']],
    ['may be in both, on several lines', ['cache-tag', 'a', 'surrogate-key', 'b', 'cache-tag', 'c'], ['a', 'b', 'c']],
    ['have a case', ['cache-tag', 'A,a'], ['A', 'a']],
  ])('%s', (_name, headers, tags) => {
    expect(tagsOf(headers)).toEqual(tags);
  });

  it('are all of them, or none can be told', () => {
    expect(tagsOf(['surrogate-key', numbered(TAGS_MAX, ' ')])).toHaveLength(TAGS_MAX);
    expect(tagsOf(['surrogate-key', numbered(TAGS_MAX + 1, ' ')])).toBeNull();
    expect(tagsOf(['cache-tag', 'x'.repeat(TAG_LENGTH_MAX)])).toHaveLength(1);
    expect(tagsOf(['cache-tag', `a, ${'x'.repeat(TAG_LENGTH_MAX + 1)}`])).toBeNull();
  });
});
