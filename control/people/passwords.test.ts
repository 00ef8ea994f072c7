import { describe, expect, it } from 'vitest';
import { drawCredential, isCredential } from './digests.js';
import { faultOfPassword } from './password-rules.js';
import { createPasswords, drawPassword, type Work } from './passwords.js';

describe('a password', () => {
  it('is kept by scrypt with salt, and known again in any composition of its characters', async () => {
    const passwords = createPasswords();
    const [one, other] = await Promise.all([passwords.hash('grün und blau'), passwords.hash('grün und blau')]);
    expect(one).toMatch(/^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(other);
    expect(await passwords.isRight('gru\u0308n und blau', one)).toBe(true);
    expect(await passwords.isRight('grün und rot', one)).toBe(false);
    for (const known of [
      null,
      '',
      'scrypt$32768$8$1$$',
      'bcrypt$1$1$1$AAAA$AAAA',
      `scrypt$${2 ** 30}$8$1$AAAA$${'A'.repeat(43)}`,
    ])
      expect(await passwords.isRight('grün und blau', known)).toBe(false);
  }, 60_000);

  it('is worked on two at a time, and beyond those who wait nobody is taken', async () => {
    let [under, most] = [0, 0];
    const ends: (() => void)[] = [];
    const work: Work = async (_password, _salt, length) => {
      under += 1;
      most = Math.max(most, under);
      await new Promise<void>((resolve) => ends.push(resolve));
      under -= 1;
      return Buffer.alloc(length);
    };
    const passwords = createPasswords(work);
    const all = Array.from({ length: 40 }, () => passwords.isRight('x', null));
    const refused = await Promise.race([Promise.all(all.slice(34)), new Promise((resolve) => setImmediate(resolve))]);
    expect(refused).toEqual(Array.from({ length: 6 }, () => null));
    for (let done = 0; done < 34; ) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const end of ends.splice(0)) {
        end();
        done += 1;
      }
    }
    expect((await Promise.all(all)).slice(0, 34)).toEqual(Array.from({ length: 34 }, () => false));
    expect(most).toBe(2);
  });

  it('is refused in words where it would be guessed first', () => {
    for (const bad of [
      'short',
      'password123',
      'PASSWORD123',
      'P@ssw0rd123',
      'aaaaaaaaaaaa',
      'ada@example.com',
      'adaadaada1',
      'x'.repeat(257),
    ])
      expect([bad, faultOfPassword(bad, 'ada@example.com')]).not.toEqual([bad, null]);
    for (const good of ['five words in a row', 'Zwölf Zeichen', '日本語のパスワードです', drawPassword()])
      expect([good, faultOfPassword(good, 'ada@example.com')]).toEqual([good, null]);
  });

  it('that is drawn can be read off a screen, and is never drawn again', () => {
    const drawn = Array.from({ length: 100 }, drawPassword);
    for (const one of drawn) expect(one).toMatch(/^([2-9a-hjkmnp-zA]{5}-){3}[2-9a-hjkmnp-zA]{5}$/);
    expect(new Set(drawn).size).toBe(100);
  });
});

describe('a credential', () => {
  it('is known by its look, and one with a typo is none', () => {
    for (let i = 0; i < 50; i += 1) {
      const one = drawCredential('weir_t_');
      expect(isCredential(one, 'weir_t_')).toBe(true);
      expect(isCredential(one, 'weir_l_')).toBe(false);
      const at = 7 + (i % 49);
      const typo = `${one.slice(0, at)}${one[at] === 'a' ? 'b' : 'a'}${one.slice(at + 1)}`;
      expect(isCredential(typo, 'weir_t_')).toBe(false);
    }
  });
});
