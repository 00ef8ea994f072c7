/** Savings in numbers: from sums of what was looked at to a minute of traffic, and what is worth telling first. Pure. */
import type { Advice, Measure, Saving } from '@weir/proto/events/advice.js';

export const nothingSaved: Saving = { clientRequests: null, upstreamRequests: null, bytes: null, waitMs: null };

export function measure(before: number, after: number): Measure {
  return { before: rounded(before), after: rounded(after) };
}

const rounded = (value: number): number => (Number.isFinite(value) ? Math.round(value * 10) / 10 : 0);

/** A request takes about as much of everybody's time as this many bytes. */
const BYTES_OF_A_REQUEST = 16 * 1024;

/** In requests a minute, so that unlike savings can be put in an order. */
export function worthOf({ saving: { clientRequests, upstreamRequests, bytes } }: Pick<Advice, 'saving'>): number {
  return saved(clientRequests) + saved(upstreamRequests) + saved(bytes) / BYTES_OF_A_REQUEST;
}

const saved = (told: Measure | null): number => (told === null ? 0 : Math.max(0, told.before - told.after));

/** `8 %`; of nothing 0 %. */
export function percent(part: number, whole: number): string {
  const share = whole > 0 ? (100 * part) / whole : 0;
  return `${share > 0 && share < 10 ? Math.round(share * 10) / 10 : Math.round(share)} %`;
}

/** To two digits: more are not known of what was sampled. */
export function about(value: number): string {
  if (value < 10) return String(Math.round(value * 10) / 10);
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return String(Math.round(value / step) * step);
}

export function bytesInWords(bytes: number): string {
  if (bytes < 1_024) return `${Math.round(bytes)} bytes`;
  if (bytes < 1_048_576) return `${about(bytes / 1_024)} KiB`;
  return `${about(bytes / 1_048_576)} MiB`;
}

export function msInWords(ms: number): string {
  return ms < 10_000 ? `${about(ms)} ms` : `${about(ms / 1_000)} s`;
}
