import type { AiGuardPatternSpec } from '@weir/proto/snapshot/ai.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Detector, forRequest } from './detector.js';
import { Masker } from './masker.js';
import { isIban, isLuhn } from './numbers.js';
import { ownPattern } from './own-patterns.js';
import { phraseDetector } from './phrases.js';
import { piiDetectors } from './pii.js';
import { Placeholders, placeholderDetector } from './placeholders.js';

const pattern = (source: string, more: Partial<AiGuardPatternSpec> = {}): Detector =>
  ownPattern({ name: 'own', pattern: source, lengthMax: 12, hasSpaces: false, ...more });
const denied = phraseDetector(['darn', "for heaven's sake", 'ass', '敏感词'], 'DENIED');
const all: readonly Detector[] = [
  ...Object.values(piiDetectors),
  denied,
  pattern('E-[0-9]{3,6}'),
  pattern('top +secret', { name: 'spaced', hasSpaces: true, lengthMax: 16 }),
];

const masked = (text: string, detectors: readonly Detector[] = all, cuts: readonly number[] = []): string => {
  const masker = new Masker(detectors, (_match, label) => `[${label}]`);
  let out = '';
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    out += masker.feed(text.slice(from, Math.max(from, cut)));
    from = Math.max(from, cut);
  }
  return out + masker.feed(text.slice(from)) + masker.end();
};

describe('what is found', () => {
  it.each([
    ['Write to ann.lee+x@mail.example.co.uk.', 'Write to [EMAIL].'],
    ['<müller@example.de>, a@b', '<[EMAIL]>, a@b'],
    ['call +49 (0)30 1234567 or 0033 1 23 45 67 89!', 'call [PHONE] or [PHONE]!'],
    ['(212) 555-0123, 212.555.0123, 030/1234567', '[PHONE], [PHONE], [PHONE]'],
    ['on 2026-11-28 at 20:15, 1234567 of 12.5', 'on 2026-11-28 at 20:15, 1234567 of 12.5'],
    ['card 4111 1111 1111 1111, 5500-0000-0000-0004', 'card [CREDIT_CARD], [CREDIT_CARD]'],
    ['card 4111 1111 1111 1112 or 41111111111111112', 'card 4111 1111 1111 1112 or 41111111111111112'],
    ['12 4111111111111111 7', '12 [CREDIT_CARD] 7'],
    ['DE89 3704 0044 0532 0130 00 is mine', '[IBAN] is mine'],
    ['gb82west12345698765432.', '[IBAN].'],
    ['DE88370400440532013000', 'DE88370400440532013000'],
    ['at 10.0.0.1:8080, v1.2.3, 1.2.3.4.5', 'at [IP]:8080, v1.2.3, 1.2.3.4.5'],
    ['2001:db8::1 and fe80::1.', '[IP] and [IP].'],
    ['std::vector, 12:30:45, a::b', 'std::vector, 12:30:45, [IP]'],
    ['key sk-proj-abcdefghijklmnop0123 AKIAIOSFODNN7EXAMPLE', 'key [SECRET] [SECRET]'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl', '[SECRET]'],
    ['task-force, risk-free', 'task-force, risk-free'],
    ['Darn it, for Heaven’s  sake: class', '[DENIED] it, [DENIED]: class'],
    ['这是敏感词吗', '这是[DENIED]吗'],
    ['E-123 and E-12, e-1234', '[OWN] and E-12, e-1234'],
    ['a top   secret plan', 'a [SPACED] plan'],
  ])('%s', (text, wanted) => {
    expect(masked(text)).toBe(wanted);
  });

  it('wherever it stands in a run that is longer than what is held back', () => {
    for (let before = 0; before < 60; before += 1) {
      const run = 'x'.repeat(before);
      expect(masked(`${run}E-123456x`, [pattern('E-[0-9]{3,6}')])).toBe(`${run}[OWN]x`);
    }
  });

  it('check digits decide', () => {
    expect(['79927398713', '4111111111111111', '49927398717'].map(isLuhn)).toEqual([true, true, false]);
    for (const iban of ['FR1420041010050500013M02606', 'NO9386011117947', 'MT84MALT011000012345MTLCAST001S'])
      expect([isIban(iban), isIban(iban.replace(/.$/, (last) => (last === '1' ? '2' : '1')))]).toEqual([true, false]);
  });
});

/** Texts that are full of what detectors look for, of beginnings of it, and of what stands around it. */
const piece = fc.oneof(
  fc.constantFrom(
    ...['ann@example.com', '+49 30 1234567', '4111 1111 1111 1111', 'DE89 3704 0044 0532 0130 00', '10.0.0.1', '::1'],
    ...['sk-abcdefghijklmnop', 'AKIAIOSFODNN7EXAMPLE', 'darn', "for heaven's sake", 'E-123456', 'top secret', '敏感词'],
    ...[
      'ann@',
      'ann@exam',
      '+49',
      '4111 ',
      'DE89',
      '10.0',
      'sk-',
      'for heaven',
      'E-',
      'top ',
      '[EMAIL_1]',
      '👋',
      '\ud83d',
    ],
    ...[' ', '. ', '\n', 'x', '1', '-', '@', ':', '(', 'A'],
  ),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const text = fc.array(piece, { size: 'max', maxLength: 14 }).map((pieces) => pieces.join(''));

describe('a text that comes in pieces', () => {
  it('is masked as the whole one is, however it was cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(250), { size: 'max', maxLength: 30 }), (whole, cuts) => {
        expect(masked(whole, all, cuts)).toBe(masked(whole));
      }),
      { numRuns: 400 },
    );
  });

  it('is masked as the whole one is, character by character, by each detector alone', () => {
    fc.assert(
      fc.property(text, fc.nat(all.length - 1), (whole, index) => {
        const one = all.slice(index, index + 1);
        const each = Array.from({ length: whole.length }, (_, at) => at + 1);
        expect(masked(whole, one, each)).toBe(masked(whole, one));
      }),
      { numRuns: 400 },
    );
  });

  it('gives out no beginning of a match, wherever it is cut', () => {
    const secrets = [
      'ann@example.com',
      '+49 30 1234567',
      '4111 1111 1111 1111',
      'DE89 3704 0044 0532 0130 00',
      '10.0.0.1',
    ];
    for (const secret of [...secrets, 'sk-abcdefghijklmnop', 'darn', "for heaven's sake", 'E-123456']) {
      for (let cut = 1; cut < secret.length; cut += 1) {
        const masker = new Masker(all.slice(0, -1), () => '[]');
        expect([secret, masker.feed(`see ${secret.slice(0, cut)}`)]).toEqual([secret, 'see ']);
        expect(masker.feed(`${secret.slice(cut)} !`) + masker.end()).toBe('[] !');
      }
    }
  });

  it('holds back no more than what may still be a match', () => {
    const masker = new Masker(all.slice(0, -1), () => '[]');
    const prose = 'The quick brown fox jumps over the lazy dog, and nobody minds. ';
    let heldMax = 0;
    for (const character of prose.repeat(5)) {
      masker.feed(character);
      heldMax = Math.max(heldMax, masker.held);
    }
    // A word, and what parts it from the next one.
    expect(heldMax).toBeLessThanOrEqual(8);
  });

  it.each([
    ['one long word', 'a'.repeat(40_000)],
    ['digits', '1'.repeat(40_000)],
    ['digits and spaces', '1 '.repeat(20_000)],
    ['an address without an end', `a@${'a.'.repeat(20_000)}`],
    ['only @', '@'.repeat(40_000)],
    ['colons', ':'.repeat(40_000)],
    ['plus signs', '+1('.repeat(13_000)],
    ['accounts', 'DE89 '.repeat(8_000)],
    ['beginnings of phrases', 'for heaven '.repeat(4_000)],
    ['keys', 'sk-'.repeat(13_000)],
  ])('holds back a bounded part of a hostile one: %s', (_what, hostile) => {
    const masker = new Masker(all, () => '[]');
    for (let at = 0; at < hostile.length; at += 500) {
      masker.feed(hostile.slice(at, at + 500));
      expect(masker.held).toBeLessThanOrEqual(2 * 4096 + 500);
    }
  });
});

describe('what comes back', () => {
  const restore = (answer: string, cuts: readonly number[], placeholders: Placeholders): string => {
    const masker = new Masker([placeholderDetector], (match) => placeholders.restored(match));
    let out = '';
    let from = 0;
    for (const cut of [...cuts].sort((a, b) => a - b)) {
      out += masker.feed(answer.slice(from, Math.max(from, cut)));
      from = Math.max(from, cut);
    }
    return out + masker.feed(answer.slice(from)) + masker.end();
  };

  it('is the value of its placeholder, the same for the same value, and never one of another question', () => {
    const placeholders = new Placeholders(true);
    expect(['a@b.cd', 'e@f.gh', 'a@b.cd'].map((value) => placeholders.of(value, 'EMAIL'))).toEqual([
      ...['[EMAIL_1]', '[EMAIL_2]', '[EMAIL_1]'],
    ]);
    expect(restore('To [EMAIL_2], cc [EMAIL_1] [EMAIL_3] [x]', [], placeholders)).toBe(
      'To e@f.gh, cc a@b.cd [EMAIL_3] [x]',
    );
    expect(restore('[EMAIL_1]', [], new Placeholders(true))).toBe('[EMAIL_1]');
  });

  it('is the question again, where the answer repeats it, however it was cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(250), { size: 'max', maxLength: 20 }), (asked, cuts) => {
        // A placeholder that the question already holds is its own.
        fc.pre(!/\[[A-Z]/.test(asked));
        const placeholders = new Placeholders(true);
        const masker = new Masker(all, (match, label) => placeholders.of(match, label));
        const question = masker.feed(asked) + masker.end();
        expect(restore(question, cuts, placeholders)).toBe(asked);
      }),
    );
  });
});

describe('patterns of one request', () => {
  const wild = pattern('[ab]*a[ab]{250}X', { lengthMax: 1_000 });
  const mixed = 'abbab'.repeat(400);

  it('draw on one account, and where it is used up nothing passes that could not be looked at', () => {
    const detectors = forRequest([wild, pattern('E-[0-9]{3}')]);
    expect(masked(`${mixed} E-123`, detectors)).toBe(`${mixed} [OWN]`);
    let rounds = 0;
    while (masked(mixed, detectors) === mixed && rounds < 1_000) rounds += 1;
    expect(rounds).toBeLessThan(40);
    expect(masked('ann says E-123 and b', detectors)).toBe('[OWN] [OWN] [OWN] [OWN] [OWN]');
    expect(masked(mixed, forRequest([wild]))).toBe(mixed);
  });

  it('that are calm are looked for in as much text as there is', () => {
    const detectors = forRequest([pattern('EMP-[0-9]{6}', { lengthMax: 10 })]);
    const text = `${'word '.repeat(40_000)}EMP-123456`;
    expect(masked(text, detectors)).toBe(text.replace('EMP-123456', '[OWN]'));
  });

  it('find the same with an account as without', () => {
    const own = pattern('a[bc]+|c{2}|b(?:a|c)', { hasSpaces: true });
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 60, size: 'max' }), (text) => {
        expect(masked(text, forRequest([own]))).toBe(text.replace(/a[bc]+|c{2}|b(?:a|c)/g, '[OWN]'));
      }),
    );
  });
});
