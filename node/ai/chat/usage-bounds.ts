/**
 * What of a provider's figures is believed. They are billed, added up for months, and told to other nodes as whole numbers: one that is
 * negative would buy something, and one that is larger than any call would close a budget, or make its sum no number at all. Pure.
 */
import type { ChatEvent, Usage } from './chat-answer.js';

/** Of one call; the largest contexts there are take some millions. */
export const TOKENS_MAX = 100_000_000;

export function believedUsage(usage: Usage): Usage {
  const { input, output, cachedInput, cacheWrite, reasoning, isEstimated } = usage;
  if ([input, output, cachedInput, cacheWrite, reasoning].every(isBelievable)) return usage;
  return {
    ...{ input: bounded(input), output: bounded(output), cachedInput: bounded(cachedInput) },
    ...{ cacheWrite: bounded(cacheWrite), reasoning: bounded(reasoning), isEstimated },
  };
}

export function believedEvents(events: ChatEvent[]): ChatEvent[] {
  for (let at = 0; at < events.length; at += 1) {
    const event = events[at];
    if (event?.kind === 'usage') events[at] = { kind: 'usage', usage: believedUsage(event.usage) };
  }
  return events;
}

const isBelievable = (count: number): boolean => Number.isInteger(count) && count >= 0 && count <= TOKENS_MAX;

const bounded = (count: number): number =>
  Number.isNaN(count) ? 0 : Math.round(Math.min(Math.max(0, count), TOKENS_MAX));
