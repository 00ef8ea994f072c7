/** Tells a conformance case to a cache, and says what came of it beside what should have. */
import { combinedValue, type HeaderList, hasField } from '@weir/proto/http/headers.js';
import type { CacheSpec } from '@weir/proto/snapshot/cache.js';
import { askOf, type Case, START_MS, type Step } from './cases.js';
import { type CaseCache, type Origin, PureCache, type Told } from './pure-cache.js';
import { makeCacheSpec } from './specs.js';

/** What a step states, as it should be and as it is. Equal when the case holds. */
export interface Outcome {
  readonly stated: Readonly<Record<string, unknown>>;
  readonly seen: Readonly<Record<string, unknown>>;
}

export type MakeCache = (spec: CacheSpec, wallStartMs: number) => CaseCache;

const pure: MakeCache = (spec, wallStartMs) => new PureCache(spec, wallStartMs);

export function runCase([, , steps, spec]: Case, makeCache: MakeCache = pure): readonly Outcome[] {
  const cache = makeCache(makeCacheSpec(spec), START_MS);
  let nowMs = 0;
  return steps.map((step) => {
    nowMs += (step.after ?? 0) * 1000;
    let sent: HeaderList | null = null;
    const origin: Origin = (_method, headers) => {
      sent = headers;
      return step.origin === null ? null : { status: 200, headers: [], body: 'body', ...step.origin };
    };
    return outcomeOf(step, cache.ask(askOf(step), origin, nowMs), sent);
  });
}

const NOT_ASKED: readonly string[] = ['hit', 'stale', 'unavailable'];

function outcomeOf(step: Step, told: Told, sent: HeaderList | null): Outcome {
  const stated: Record<string, unknown> = { how: step.how, asksOrigin: !NOT_ASKED.includes(step.how) };
  const seen: Record<string, unknown> = { how: told.how, asksOrigin: sent !== null };
  const compare = (name: string, should: unknown, is: unknown): void => {
    stated[name] = should;
    seen[name] = is;
  };
  if (step.status !== undefined) compare('status', step.status, told.status);
  if (step.body !== undefined) compare('body', step.body, told.body);
  for (const [name, value] of pairs(step.has ?? [])) compare(`has ${name}`, value, combinedValue(told.headers, name));
  for (const name of step.lacks ?? []) compare(`has ${name}`, false, hasField(told.headers, name));
  for (const [name, value] of pairs(step.sent ?? [])) compare(`sent ${name}`, value, combinedValue(sent ?? [], name));
  for (const name of step.unsent ?? []) compare(`sent ${name}`, false, hasField(sent ?? [], name));
  return { stated, seen };
}

function pairs(headers: HeaderList): [string, string][] {
  const found: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) found.push([headers[i] ?? '', headers[i + 1] ?? '']);
  return found;
}
