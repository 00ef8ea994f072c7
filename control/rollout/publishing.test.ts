import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOf, publishingOf } from './publishing.js';

const id = fc.nat(15).map((n) => n.toString(16).repeat(32));
const number = fc.integer({ min: 1, max: 20 });
const release = (revision: number, revisionId?: string) => ({
  ...{ version: 7, revision, hash: 'a'.repeat(64), sizeBytes: 9 },
  ...(revisionId === undefined ? {} : { revisionId }),
});

describe('whether a revision is still to be rolled out', () => {
  it('is told by its id, whatever its number is', () => {
    fc.assert(
      fc.property(number, id, number, id, (mine, myId, theirs, theirId) => {
        const due = publishingOf({ number: mine, id: myId }, release(theirs, theirId));
        if (myId === theirId) expect(due).toBe('done');
        else expect(due).toBe(mine > theirs ? 'now' : 'when it stays');
      }),
      { seed: 1 },
    );
    expect(publishingOf({ number: 1, id: 'a'.repeat(32) }, null)).toBe('now');
  });

  it('is told by its number where an earlier release has written the record', () => {
    fc.assert(
      fc.property(number, id, number, (mine, myId, theirs) => {
        expect(publishingOf({ number: mine, id: myId }, release(theirs))).toBe(mine > theirs ? 'now' : 'done');
      }),
    );
  });
});

describe('a rollout', () => {
  const [asked, lost, later] = ['a', 'b', 'c'].map((digit) => digit.repeat(32)) as [string, string, string]; // Three.
  const known = (current: string, ...others: readonly string[]) => ({
    current: { number: 4, id: current },
    knows: (one: string) => one === current || others.includes(one),
  });

  it('is of the revision that was asked for, or of one behind it', () => {
    expect(isOf(release(4, asked), { number: 4, id: asked }, known(asked))).toBe(true);
    expect(isOf(release(5, later), { number: 4, id: asked }, known(later, asked))).toBe(true);
    // Its own record may still come.
    expect(isOf(release(5, lost), { number: 4, id: asked }, known(later, asked))).toBe(false);
  });

  it('is not of another one that had its number, or a higher one, before the log was lost', () => {
    expect(isOf(release(5, lost), { number: 4, id: asked }, known(asked))).toBe(false);
    // By a control that has not read the log since.
    expect(isOf(release(5, lost), { number: 4, id: asked }, known(lost))).toBe(false);
  });

  it('is told by numbers where no id is known', () => {
    fc.assert(
      fc.property(number, number, id, (target, wanted, some) => {
        expect(isOf(release(target, some), { number: wanted, id: null }, known(asked))).toBe(target >= wanted);
        expect(isOf(release(target), { number: wanted, id: some }, known(asked))).toBe(target >= wanted);
      }),
    );
  });
});
