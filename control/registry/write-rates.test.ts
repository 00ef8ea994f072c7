import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../model/entities.js';
import { memoryRegistry } from './testing/memory-registry.js';
import { unitsOf, WriteRates } from './write-rates.js';

const as = (userId: string): Actor => ({ userId, login: userId, via: 'session', from: '' });

describe('what somebody takes of the log', () => {
  it('is bounded by a burst and a rate, whatever the sizes and times; and who waits as told is let in', () => {
    const asked = fc.record({ units: fc.integer({ min: 1, max: 120 }), passMs: fc.integer({ min: 0, max: 200_000 }) });
    fc.assert(
      fc.property(fc.array(asked, { minLength: 1, maxLength: 60, size: 'max' }), (list) => {
        const rates = new WriteRates();
        let [nowMs, taken] = [0, 0];
        for (const { units, passMs } of list) {
          nowMs += passMs;
          const waitMs = rates.take({ userId: 'ann', teamIds: ['red'] }, units, nowMs);
          if (waitMs === 0) taken += units;
          else {
            expect(rates.take({ userId: 'ann', teamIds: ['red'] }, units, nowMs + waitMs - 1)).toBeGreaterThan(0);
            nowMs += waitMs;
            expect(rates.take({ userId: 'ann', teamIds: ['red'] }, units, nowMs)).toBe(0);
            taken += units;
          }
          expect(taken).toBeLessThanOrEqual(1_000 + nowMs / 30_000);
        }
      }),
    );
  });

  it('is counted for each user, for each team of all its members, and not for others', () => {
    const rates = new WriteRates();
    const take = (userId: string, teamIds: string[], units = 1): number => rates.take({ userId, teamIds }, units, 0);
    expect(take('ann', ['red'], 1_000)).toBe(0);
    expect(take('ann', [])).toBe(30_000);
    expect(rates.refused).toEqual({ user: 1, team: 0 });
    expect(take('bob', ['red'], 1_000)).toBe(0);
    // A third member meets the bound of the team, and has one of their own elsewhere.
    expect(take('cid', ['red'])).toBe(15_000);
    expect(take('cid', ['blue'], 1_000)).toBe(0);
    expect(take('', ['green'], 2_000)).toBe(0);
    expect(rates.refused).toEqual({ user: 1, team: 1 });
  });

  it('is more where an entry is large, and one that is larger than all is let in where nothing was taken', () => {
    expect([0, 8_191, 8_192, 900 * 1024].map(unitsOf)).toEqual([1, 1, 2, 113]);
    const rates = new WriteRates();
    expect(rates.take({ userId: 'ann', teamIds: [] }, 5_000, 0)).toBe(0);
    expect(rates.take({ userId: 'ann', teamIds: [] }, 1, 0)).toBeGreaterThan(0);
  });

  it('keeps a program that does the same for ever from pushing out what others have done', async () => {
    let wallMs = 1_000_000;
    const registry = await memoryRegistry({ wallMs: () => wallMs });
    const ids = new Map<string, string>();
    for (const login of ['dev', 'owner', 'root'])
      ids.set(login, await registry.must('user.create', { login, name: login, isOperator: login === 'root' }));
    for (const id of ids.values())
      await registry.must('user.password', { id }, { actor: as(id), facts: { passwordHash: 'scrypt$1$1$1$a$b' } });
    const [dev = '', owner = '', root = ''] = ids.values();
    await registry.must('team.create', { id: 'red', name: 'Red', ownerId: owner });
    await registry.must('team.set-member', { id: 'red', userId: dev, role: 'developer' });
    await registry.must('application.create', { id: 'web', teamId: 'red', name: 'Web' });
    const rename = (userId: string) =>
      registry.execute({ what: 'application.change', input: { id: 'web', name: 'Web' }, actor: as(userId) });
    const before = registry.number;
    let refused: Awaited<ReturnType<typeof rename>> | null = null;
    for (let times = 0; times < 1_100 && refused === null; times += 1) {
      const done = await rename(dev);
      if (!done.ok) refused = done;
    }
    // The password was one of the thousand.
    expect(registry.number - before).toBe(999);
    expect(refused).toMatchObject({
      ok: false,
      why: 'too many',
      waitMs: 30_000,
      detail: expect.stringContaining('program'),
    });
    expect((await rename(owner)).ok).toBe(true);
    expect((await rename(root)).ok).toBe(true);
    // What has leaked is revoked all the same.
    const key = await registry.must(
      'key.create',
      { applicationId: 'web', name: 'k' },
      { facts: { credential: { sha256: 'ab', lastFour: 'abcd' } } },
    );
    expect((await registry.execute({ what: 'key.delete', input: { id: key }, actor: as(dev) })).ok).toBe(true);
    wallMs += 30_000;
    expect((await rename(dev)).ok).toBe(true);
    expect((await rename(dev)).ok).toBe(false);
    // Signing in again and again is no way around it: each of these is an entry as well.
    const open = () =>
      registry.execute({
        ...{ what: 'session.open', actor: as(dev), input: { userId: dev, expiresWallMs: wallMs + 1_000, from: '' } },
        facts: { proven: { userId: dev }, credential: { sha256: `${wallMs}`, lastFour: '' } },
      });
    expect(await open()).toMatchObject({ ok: false, why: 'too many' });
  });
});
