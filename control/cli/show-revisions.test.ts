import { describe, expect, it } from 'vitest';
import type { RevisionHead } from '../log/revision.js';
import { showAppended, showComparison, showHistory } from './show-revisions.js';
import { paintFor } from './terminal.js';

const plain = paintFor(false, {});
const NOW = 1_000_000;
const head = (number: number, more: Partial<RevisionHead> = {}): RevisionHead => ({
  ...{
    number,
    id: 'a'.repeat(32),
    author: 'ada',
    reason: '',
    atWallMs: NOW - number * 1_000,
    restores: 0,
    recovers: 0,
  },
  textBytes: 10,
  ...more,
});

describe('revisions on a terminal', () => {
  it('are a table that marks the one in force and says what became of the others', () => {
    const revisions = [
      head(4, { recovers: 2, reason: 'x' }),
      head(3, { restores: 1 }),
      head(2, { reason: 'a\x1b[2J' }),
    ];
    expect(showHistory({ revisions, current: 3, followedFile: null, trouble: 'no disk' }, NOW, plain)).toBe(
      [
        'REVISION  WHEN       AUTHOR  REASON',
        '4         4.0 s ago  ada     x (not in force: was revision 2 until the log was lost)',
        '3 *       3.0 s ago  ada     brings back 1',
        '2         2.0 s ago  ada     a\\x1b[2J',
        '',
        '* in force',
        '',
        'no disk',
        '',
      ].join('\n'),
    );
  });

  it('differ by entity, with a line that counts', () => {
    const changes = [
      { kind: 'gateway', name: 'gateway', change: 'changed', lines: ['- listen: a', '+ listen: b'] },
      { kind: 'route', name: 'r\x07', change: 'added', lines: ['+ id: r'] },
      { kind: 'route', name: 's', change: 'added', lines: ['+ id: s'] },
    ] as const;
    expect(showComparison({ changes, isSame: false }, plain)).toBe(
      [
        ...[
          '~ gateway',
          '    - listen: a',
          '    + listen: b',
          '+ route r\\x07',
          '    + id: r',
          '+ route s',
          '    + id: s',
        ],
        '',
        'gateway changed, 2 routes added',
        '',
      ].join('\n'),
    );
    expect(showComparison({ changes: [], isSame: true }, plain)).toBe('nothing differs\n');
    expect(showComparison({ changes: [], isSame: false }, plain)).toContain('no entity differs');
    const lines = Array.from({ length: 3_000 }, (_, i) => `+ line ${i}`);
    const long = showComparison(
      { changes: [{ kind: 'route', name: 'r', change: 'added', lines }], isSame: false },
      plain,
    );
    expect(long).toContain('… and 1001 more lines');
  });

  it('say what became of them', () => {
    const outcome = { atWallMs: 1, cause: 'revision', faults: [], restartNeeded: ['gateway.listen: a → b'] } as const;
    const told = (answer: Parameters<typeof showAppended>[0]): string => showAppended(answer, plain);
    const rest = { revision: head(7), faults: [] };
    expect(told({ ...rest, isNew: false, outcome: null })).toBe('nothing to do: revision 7 says the same\n');
    expect(told({ ...rest, isNew: true, outcome: null })).toContain('weir status');
    expect(told({ ...rest, isNew: true, outcome: { ...outcome, state: 'accepted' } })).toBe(
      'revision 7 is in force\nrestart needed for gateway.listen: a → b\n',
    );
    const refused = told({ ...rest, isNew: true, outcome: { ...outcome, state: 'refused', reason: 'no key' } });
    expect(refused).toMatch(/not in force: the node refused it: no key\n.*weir rollback/);
    expect(told({ ...rest, isNew: true, outcome: { ...outcome, state: 'rejected' } })).toContain('not in force');
  });
});
