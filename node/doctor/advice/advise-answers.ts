/**
 * What could be better about the answers of a route: kept where they do not change, compressed, or sent in part. Each rule asks whether it is on
 * already, whether enough was seen, and what it would have saved of that. Pure.
 */
import type { Advice } from '@weir/proto/events/advice.js';
import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import type { AnswerStats, Part, Repetition } from './answer-stats.js';
import { setting, words } from './proposals.js';
import { about, bytesInWords, measure, msInWords, nothingSaved, percent } from './saving.js';

export const LOOKS_MIN = 20;
/** Comparisons of an answer with the one before it. */
export const PAIRS_MIN = 10;
/** Fewer than this are the same: the answers change. */
export const SAME_SHARE_MIN = 0.95;
/** What pays for a setting that somebody has to understand. */
export const SAVED_SHARE_MIN = 0.2;
/** A part of clients that names fields shows what the others could do. */
const SELECTING_MIN = 5;
const SMALL_PART = 0.5;
/** Spans that a person would write, in seconds. */
export const TTLS_S = [300, 60, 30, 10, 5, 2, 1] as const;
/** Kept for a tenth of the time between two changes, where there were any. */
const CHANGE_SHARE = 0.1;

/** `perMinute`: what a count of one is in a minute of all traffic. */
type Rule = (route: RouteSpec, stats: AnswerStats, perMinute: number) => Advice | null;

/** `minutes`: how much traffic the counts are of. */
export function adviseOnAnswers(route: RouteSpec, stats: AnswerStats, minutes: number): readonly Advice[] {
  if (route.action.kind !== 'proxy' || !(minutes > 0)) return [];
  return [keep, compress, allowFields, askForFields].flatMap((rule) => rule(route, stats, 1 / minutes) ?? []);
}

const keep: Rule = (route, stats, perMinute) => {
  const isSaid = route.cache !== null && (route.cache.freshness.overrideS ?? route.cache.freshness.defaultS) !== null;
  const seen = stats.repetition();
  const pairs = seen.same + seen.changed;
  if (isSaid || pairs < PAIRS_MIN || seen.same < SAME_SHARE_MIN * pairs) return null;
  const ttlS = ttlOf(seen);
  if (ttlS === null) return null;
  const before = seen.each.reduce((sum, { weight }) => sum + weight * perMinute, 0);
  const after = seen.each.reduce((sum, { weight }) => sum + Math.min(weight * perMinute, 60 / ttlS), 0);
  if (before - after < SAVED_SHARE_MIN * before) return null;
  const waitMs = seen.each.reduce((sum, one) => sum + one.waitMs, 0) / Math.max(1, weightOf(seen));
  const notForAll = stats.personal.looks > 0;
  return {
    ...{ kind: 'cache', routes: [route.id], subject: '', certainty: notForAll ? 'likely' : 'clear' },
    evidence: [
      `${inNumber(seen.urls, 'URL was', 'URLs were')} asked for again and again, and ${percent(seen.same, pairs)} of ${about(pairs)} answers were the same as before`,
      `nothing in them says that they may be kept, nor for how long; the same bytes came for ${msInWords(seen.unchangedMs)}`,
      ...(notForAll ? ['requests with cookies or credentials were left out of this'] : []),
    ],
    changes: [setting(route.id, 'cache.defaultTtl', 'none', `${ttlS}s`)],
    saving: {
      ...nothingSaved,
      upstreamRequests: measure(before, after),
      waitMs: measure(waitMs, before > 0 ? (waitMs * after) / before : 0),
    },
    seen: Math.round(stats.unsaid.looks),
  };
};

/** Null: it was not watched for long enough, or changes too often. */
function ttlOf({ unchangedMs, watchedMs, changed }: Repetition): number | null {
  const betweenMs = changed > 0 ? (CHANGE_SHARE * watchedMs) / changed : Number.POSITIVE_INFINITY;
  const longestMs = Math.min(unchangedMs / 2, betweenMs);
  return TTLS_S.find((ttlS) => ttlS * 1_000 <= longestMs) ?? null;
}

const weightOf = ({ each }: Repetition): number => each.reduce((sum, { weight }) => sum + weight, 0);

const compress: Rule = (route, { codable, coded, all, personal }, perMinute) => {
  if ((route.optimize?.compress ?? null) !== null || codable.looks < LOOKS_MIN || coded.wholeBytes <= 0) return null;
  const left = coded.leftBytes / coded.wholeBytes;
  if (codable.bytes * (1 - left) < SAVED_SHARE_MIN * all.bytes) return null;
  const holdsSecrets = personal.looks > 0;
  return {
    ...{ kind: 'compress', routes: [route.id], subject: '', certainty: holdsSecrets ? 'likely' : 'clear' },
    evidence: [
      `${percent(codable.weight, all.weight)} of the answers, ${bytesInWords(meanOf(codable))} in the mean, go out plain to clients that take them compressed`,
      `${bytesInWords(coded.wholeBytes)} of them were compressed for a trial: ${percent(coded.leftBytes, coded.wholeBytes)} was left`,
      ...(holdsSecrets
        ? ['some are for one client alone: mind secrets beside what strangers can choose (BREACH)']
        : []),
    ],
    changes: [setting(route.id, 'optimize.compress', 'false', 'true')],
    saving: { ...nothingSaved, bytes: measure(codable.bytes * perMinute, codable.bytes * left * perMinute) },
    seen: Math.round(codable.looks),
  };
};

/** Clients name fields, and the upstream sends everything all the same. */
const allowFields: Rule = (route, { selected, selection }, perMinute) => {
  if ((route.optimize?.fields ?? null) !== null || selected.looks < LOOKS_MIN || selection.wholeBytes <= 0) return null;
  const left = selection.leftBytes / selection.wholeBytes;
  if (1 - left < SAVED_SHARE_MIN) return null;
  return {
    ...{ kind: 'fields', routes: [route.id], subject: '', certainty: 'clear' },
    evidence: [
      `clients name the fields that they want, and get ${bytesInWords(meanOf(selected))} all the same`,
      `of ${bytesInWords(selection.wholeBytes)} that were looked at they want ${percent(selection.leftBytes, selection.wholeBytes)}`,
    ],
    changes: [setting(route.id, 'optimize.fields', 'false', 'true')],
    saving: { ...nothingSaved, bytes: measure(selected.bytes * perMinute, selected.bytes * left * perMinute) },
    seen: Math.round(selected.looks),
  };
};

/** Some name fields, and others take it all. */
const askForFields: Rule = (route, { selected, whole }, perMinute) => {
  if ((route.optimize?.fields ?? null) === null || selected.looks < SELECTING_MIN || whole.looks < LOOKS_MIN)
    return null;
  const left = meanOf(selected) / Math.max(1, meanOf(whole));
  if (left > SMALL_PART) return null;
  const parameter = route.optimize?.fields?.parameter ?? 'fields';
  return {
    ...{ kind: 'fields', routes: [route.id], subject: 'whole', certainty: 'likely' },
    evidence: [
      `${percent(whole.weight, whole.weight + selected.weight)} of the requests take all of an answer of ${bytesInWords(meanOf(whole))} in the mean; those that name fields get ${bytesInWords(meanOf(selected))}`,
      'it is for the clients to say what they need',
    ],
    changes: [words(`have clients of ${route.id} name what they need: ?${parameter}=…`)],
    saving: { ...nothingSaved, bytes: measure(whole.bytes * perMinute, whole.bytes * left * perMinute) },
    seen: Math.round(whole.looks),
  };
};

const meanOf = ({ bytes, weight }: Part): number => (weight > 0 ? bytes / weight : 0);

const inNumber = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
