/**
 * Personal data and secrets that have a form of their own. Each detector would rather take a number too many than let one pass, where a
 * check digit doesn't decide: what looks like a telephone number is one. Repetitions are bounded, so each takes bounded time from
 * each place of a text, whatever stands there. Pure.
 */
import type { AiPiiKind } from '@weir/proto/snapshot/ai.js';
import { byRuns, type Detector, findBy, type RunRules, unitsOf } from './detector.js';
import { ibanLength, isIban, isIpv6, isLuhn } from './numbers.js';

const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57;
const isWordUnit = unitsOf(/[\p{L}\p{N}_]/u);
const isLetter = (unit: number): boolean => (unit | 32) >= 97 && (unit | 32) <= 122;

/** RFC 5321: 64 before the @, 255 behind it; nobody has one that is nearly as long. */
const email = byRuns({
  label: 'EMAIL',
  isPart: unitsOf(/[A-Za-z0-9._%+\-@\u00c0-\u024f]/),
  lengthMax: 256,
  find: findBy(/[A-Za-z0-9._%+\-\u00c0-\u024f]{1,64}@[A-Za-z0-9.\-\u00c0-\u024f]{1,160}\.[A-Za-z\u00c0-\u024f]{2,24}/g),
});

const phonePattern = new RegExp(
  [
    // International: +49 (0)30 123456, 0033 1 23 45 67 89. ITU-T E.164 has 15 digits at most.
    '(?<![\\w+])(?:\\+|00)[1-9](?:[ .\\-/()]{0,2}\\d){6,14}(?!\\d)',
    // Of one country, with a zero before it and something that parts it: 030/123456, (020) 7946 0958.
    '(?<![\\w.+\\-])\\(?0\\d{1,4}\\)?[ .\\-/](?:[ .\\-/]?\\d){5,10}(?!\\d)',
    // North America: (212) 555-0123, 212.555.0123.
    '(?<![\\w.+\\-])(?:\\(\\d{3}\\) ?|\\d{3}[ .\\-])\\d{3}[ .\\-]\\d{4}(?!\\d)',
  ].join('|'),
  'g',
);
const phone = byRuns({
  label: 'PHONE',
  isPart: unitsOf(/[\d ().\-/+]/),
  mayBegin: (text, at) => isDigit(text.charCodeAt(at)) || text[at] === '+' || text[at] === '(',
  lengthMax: 48,
  find: findBy(phonePattern),
});

/** Digits in groups, with one space or hyphen between two of them, from a place where a group begins. */
function* findCards(text: string, from: number, to: number): ReturnType<RunRules['find']> {
  for (let start = from; start < to; start += 1) {
    if (!isDigit(text.charCodeAt(start)) || (start > 0 && isWordUnit(text.charCodeAt(start - 1)))) continue;
    const end = cardEnd(text, start, to);
    if (end === -1) continue;
    yield [start, end];
    start = end;
  }
}

/** Of the longest number there that proves itself; -1: none does. */
function cardEnd(text: string, start: number, to: number): number {
  let digits = '';
  let found = -1;
  for (let at = start; at < to && digits.length < 19; at += 1) {
    const unit = text.charCodeAt(at);
    if (!isDigit(unit)) {
      if (!isDigit(text.charCodeAt(at + 1)) || at + 1 >= to) break;
      continue;
    }
    digits += text[at];
    const isGroupEnd = at + 1 >= text.length || !isWordUnit(text.charCodeAt(at + 1));
    if (isGroupEnd && digits.length >= 13 && /^[2-6]/.test(digits) && isLuhn(digits)) found = at + 1;
  }
  return found;
}

const creditCard = byRuns({
  label: 'CREDIT_CARD',
  isPart: unitsOf(/[\d -]/),
  mayBegin: (text, at) => isDigit(text.charCodeAt(at)),
  lengthMax: 40,
  find: findCards,
});

/** Two letters of a country and two digits; as far as the text goes. */
function beginsAsIban(text: string, at: number): boolean {
  if (at > 0 && isWordUnit(text.charCodeAt(at - 1))) return false;
  const left = text.length - at;
  if (!isLetter(text.charCodeAt(at))) return false;
  if (left > 1 && ibanLength(text.slice(at, at + 2)) === null) return false;
  return (left < 3 || isDigit(text.charCodeAt(at + 2))) && (left < 4 || isDigit(text.charCodeAt(at + 3)));
}

function* findIbans(text: string, from: number, to: number): ReturnType<RunRules['find']> {
  for (let start = from; start < to; start += 1) {
    if (!beginsAsIban(text, start)) continue;
    const length = ibanLength(text.slice(start, start + 2)) ?? 0;
    let compact = '';
    let at = start;
    for (; at < to && compact.length < length; at += 1) {
      if (text[at] !== ' ') compact += text[at];
      else if (text[at + 1] === ' ') break;
    }
    const isCutOff = at < text.length && isWordUnit(text.charCodeAt(at));
    if (isCutOff || !isIban(compact)) continue;
    yield [start, at];
    start = at;
  }
}

const iban = byRuns({
  label: 'IBAN',
  isPart: unitsOf(/[A-Za-z0-9 ]/),
  mayBegin: beginsAsIban,
  lengthMax: 44,
  find: findIbans,
});

const OCTET = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const ipv4 = new RegExp(`(?<![\\w.])(?:${OCTET}\\.){3}${OCTET}(?!\\w|\\.\\d)`, 'g');
const ipv6Like = /(?<![\w:.])[0-9A-Fa-f:.]{3,45}/g;

function* findAddresses(text: string, from: number, to: number): ReturnType<RunRules['find']> {
  yield* findBy(ipv4)(text, from, to);
  ipv6Like.lastIndex = from;
  for (let found = ipv6Like.exec(text); found !== null && found.index < to; found = ipv6Like.exec(text)) {
    const candidate = found[0].slice(0, to - found.index);
    const behind = text.charCodeAt(found.index + candidate.length);
    if (!Number.isNaN(behind) && isWordUnit(behind)) continue;
    // What ends a sentence, or introduces what follows, is no part of it.
    const bare = candidate.endsWith('::') ? candidate : candidate.replace(/[.:]$/, '');
    if (isIpv6(bare)) yield [found.index, found.index + bare.length];
  }
}

const ip = byRuns({
  label: 'IP',
  isPart: unitsOf(/[0-9A-Fa-f:.]/),
  lengthMax: 46,
  find: findAddresses,
});

/** By the prefixes that their issuers gave them so that they can be found: OpenAI, Anthropic, Stripe, AWS, GitHub, GitLab, Slack, … */
const secretPattern = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    'sk-[A-Za-z0-9_\\-]{16,1000}',
    '[rs]k_(?:live|test)_[A-Za-z0-9]{16,1000}',
    '(?:AKIA|ASIA)[0-9A-Z]{16}',
    'gh[pousr]_[A-Za-z0-9]{30,1000}',
    'github_pat_[A-Za-z0-9_]{22,1000}',
    'glpat-[A-Za-z0-9_\\-]{20,1000}',
    'xox[abeoprs]-[A-Za-z0-9\\-]{10,1000}',
    'AIza[A-Za-z0-9_\\-]{35}',
    'ya29\\.[A-Za-z0-9_\\-]{20,1000}',
    'hf_[A-Za-z0-9]{30,1000}',
    'npm_[A-Za-z0-9]{36}',
    'SG\\.[A-Za-z0-9_\\-]{16,64}\\.[A-Za-z0-9_\\-]{16,100}',
    'eyJ[A-Za-z0-9_\\-]{8,1000}\\.[A-Za-z0-9_\\-]{8,2000}\\.[A-Za-z0-9_\\-]{0,1000}',
  ].join('|')})`,
  'g',
);
const secret = byRuns({
  label: 'SECRET',
  isPart: unitsOf(/[A-Za-z0-9_.-]/),
  lengthMax: 4096,
  find: findBy(secretPattern),
});

export const piiDetectors: Readonly<Record<AiPiiKind, Detector>> = { email, phone, creditCard, iban, ip, secret };
