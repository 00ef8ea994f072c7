import { describe, expect, it } from 'vitest';
import { fakeClock } from '../pipeline/testing/harness.js';
import { createPasswordCheck, type PasswordBounds } from './passwords.js';

function checker(bounds: Partial<PasswordBounds> = {}) {
  const clock = fakeClock();
  const running: { password: string; finish: (isRight: boolean) => void; fail: (error: Error) => void }[] = [];
  const started: string[] = [];
  const check = createPasswordCheck(
    {
      scryptVerify: (password) =>
        new Promise((resolve, reject) => {
          started.push(password);
          running.push({ password, finish: resolve, fail: reject });
        }),
      keyedHash: (text) => `keyed ${text}`,
      nowMs: () => clock.nowMs(),
    },
    { checking: 2, waiting: 2, remembered: 2, rememberMs: 1_000, ...bounds },
  );
  const settle = async () => {
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  };
  /** Ends the oldest check, which must have begun; resolves when what follows from it has run. */
  const finish = async (isRight: boolean) => {
    await settle();
    const oldest = running.shift();
    if (oldest === undefined) throw new Error('no check is running');
    oldest.finish(isRight);
    await settle();
  };
  return { clock, check, finish, settle, running, started };
}

describe('the password check', () => {
  it('remembers a good password for a while, and answers at once meanwhile', async () => {
    const { clock, check, finish, started } = checker();
    const first = check('ann', 'secret', 'h');
    await finish(true);
    expect(await first).toBe('right');
    expect(check('ann', 'secret', 'h')).toBe('right');
    clock.advance(999);
    expect(check('ann', 'secret', 'h')).toBe('right');
    clock.advance(1);
    expect(check('ann', 'secret', 'h')).toBeInstanceOf(Promise);
    await finish(true);
    expect(started).toHaveLength(2);
  });

  it('remembers nothing for another name, password or hash, and no wrong password', async () => {
    const { check, finish } = checker({ checking: 10 });
    const first = check('ann', 'secret', 'h');
    await finish(true);
    await first;
    const others = [
      ['bob', 'secret', 'h'],
      ['ann', 'Secret', 'h'],
      ['ann', 'secret', 'h2'],
      ['anns', 'ecret', 'h'],
    ] as const;
    for (const [username, password, hash] of others) {
      const checked = check(username, password, hash);
      expect(checked).toBeInstanceOf(Promise);
      await finish(false);
      expect(await checked).toBe('wrong');
      expect(check(username, password, hash)).toBeInstanceOf(Promise);
      await finish(false);
    }
  });

  it('checks few at a time, lets few wait, and refuses the rest; every place comes free again', async () => {
    const { check, finish, settle, started, running } = checker();
    const outcomes = ['1', '2', '3', '4'].map((password) => check('ann', password, 'h'));
    expect(check('ann', '5', 'h')).toBe('busy');
    await settle();
    expect(started).toEqual(['1', '2']);
    await finish(false);
    expect(started).toEqual(['1', '2', '3']);
    running.shift()?.fail(new Error('out of memory'));
    await expect(outcomes[1]).rejects.toThrow('out of memory');
    await finish(false);
    await finish(true);
    expect(await Promise.all([outcomes[0], outcomes[2], outcomes[3]])).toEqual(['wrong', 'wrong', 'right']);
    const again = ['6', '7', '8', '9'].map((password) => check('ann', password, 'h'));
    expect(check('ann', '10', 'h')).toBe('busy');
    for (let i = 0; i < 4; i += 1) await finish(false);
    expect(await Promise.all(again)).toEqual(['wrong', 'wrong', 'wrong', 'wrong']);
  });

  it('checks the same credential once, however often it comes at the same time', async () => {
    const { check, finish, started } = checker();
    const same = Array.from({ length: 50 }, () => check('ann', 'secret', 'h'));
    await finish(true);
    expect(new Set(await Promise.all(same))).toEqual(new Set(['right']));
    expect(started).toHaveLength(1);
  });

  it('never takes two different credentials for the same', () => {
    const texts: string[] = [];
    const check = createPasswordCheck({
      scryptVerify: () => new Promise(() => {}),
      keyedHash: (text) => {
        texts.push(text);
        return 'opaque';
      },
      nowMs: () => 0,
    });
    check('a', 'b', 'c');
    check('ab', '', 'c');
    check('', 'ab', 'c');
    check('a', 'b', 'xc');
    check('ab', 'x', 'c');
    expect(new Set(texts).size).toBe(5);
  });
});
