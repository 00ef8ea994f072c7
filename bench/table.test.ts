import { describe, expect, it } from 'vitest';
import { markdownTable } from './table.js';

describe('a table', () => {
  it('aligns texts left and numbers right', () => {
    expect(
      markdownTable(
        ['name', 'n'],
        [
          ['a', '1'],
          ['longer', '1000'],
        ],
        1,
      ),
    ).toBe(['| name   |    n |', '| ------ | ---: |', '| a      |    1 |', '| longer | 1000 |'].join('\n'));
  });
});
