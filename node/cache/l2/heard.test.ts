import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PurgeTarget } from '../purge/marks.js';
import { Heard, LOG_AT_ONCE, LOG_MAX, type LogLine, lineOf, type Said } from './heard.js';

const tagged = (tag: string, isSoft = false): Said => ({ target: { kind: 'tag', tag }, isSoft });
const line = (seq: number, by = 'other', text = lineOf(tagged(`t${seq}`))): LogLine => ({ seq, by, text });
const all: PurgeTarget = { kind: 'all' };
const [STALE, GONE]: readonly Said[][] = [[{ target: all, isSoft: true }], [{ target: all, isSoft: false }]];

function heardTo(seq: number): Heard {
  const heard = new Heard('self');
  heard.take({ epoch: 'e', seq }, []);
  return heard;
}

describe('purges of other nodes', () => {
  it('are obeyed in order, once each, and not those of this one', () => {
    const heard = heardTo(3);
    expect(heard.take({ epoch: 'e', seq: 7 }, [line(4), line(5, 'self'), line(6), line(7, 'other', '')])).toEqual([
      tagged('t4'),
      tagged('t6'),
    ]);
    expect(heard.take({ epoch: 'e', seq: 7 }, [])).toEqual([]);
    expect([heard.known, heard.obeyed, heard.lost]).toEqual([{ epoch: 'e', seq: 7 }, 2, 0]);
  });

  it.each<[string, readonly LogLine[]]>([
    ['is not there any more', [line(5), line(6)]],
    ['is missing', [line(4), line(6)]],
    ['at the end is missing', [line(4), line(5)]],
    ['is none', []],
    ['can not be read', [line(4), line(5, 'other', '{"target":{"kind":"tag"},"isSoft":false}'), line(6)]],
    ['is no JSON', [line(4), line(5, 'other', '{'), line(6)]],
  ])('become one of everything where one %s', (_what, lines) => {
    const heard = heardTo(3);
    expect(heard.take({ epoch: 'e', seq: 6 }, lines)).toEqual(GONE);
    expect([heard.known?.seq, heard.lost]).toEqual([6, 1]);
  });

  it('may be missing where Redis has lost its memory, or was not reached before: what is stored is stale', () => {
    const heard = new Heard('self');
    expect([heard.take({ epoch: 'e', seq: 9 }, []), heard.lost]).toEqual([STALE, 0]);
    expect([heard.take({ epoch: 'f', seq: 0 }, []), heard.lost]).toEqual([STALE, 1]);
    expect(heard.take({ epoch: 'f', seq: 1 }, [line(1)])).toEqual([tagged('t1')]);
  });

  it('are all obeyed, or everything is gone, however often and late Redis is asked', () => {
    const told = fc.array(fc.record({ mine: fc.boolean(), polls: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(told, fc.integer({ min: 1, max: 20 }), (events, kept) => {
        const heard = heardTo(0);
        const log: LogLine[] = [];
        let owed: string[] = [];
        for (const [i, { mine, polls }] of events.entries()) {
          log.push(line(i + 1, mine ? 'self' : 'other'));
          if (!mine) owed.push(`t${i + 1}`);
          if (!polls) continue;
          const after = heard.known?.seq ?? 0;
          const said = heard.take(
            { epoch: 'e', seq: i + 1 },
            log.slice(-kept).filter(({ seq }) => seq > after),
          );
          const tags = said.map(({ target }) => (target.kind === 'tag' ? target.tag : 'all'));
          expect([owed, ['all']]).toContainEqual(tags);
          if (tags[0] === 'all') expect(i + 1 - after).toBeGreaterThan(kept);
          owed = [];
        }
      }),
    );
  });

  it('that are more than are asked for at once come with the next answer', () => {
    const heard = heardTo(0);
    const lines = Array.from({ length: LOG_AT_ONCE }, (_, i) => line(i + 1));
    expect(heard.take({ epoch: 'e', seq: LOG_MAX }, lines)).toHaveLength(LOG_AT_ONCE);
    expect([heard.known?.seq, heard.lost]).toEqual([LOG_AT_ONCE, 0]);
  });
});
