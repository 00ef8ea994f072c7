/** What the doctor's advice would save, in the words that the command and the console have for it. Pure. */
import type { AdviceKind, Measure, Saving } from './advice.js';

export const adviceTitles: Readonly<Record<AdviceKind, string>> = {
  composition: 'calls that come together',
  batch: 'items one after the other',
  coalesce: 'items one by one, at once',
  fields: 'more than clients need',
  cache: 'the same answer again',
  compress: 'not compressed',
};

/** One line for each measure that changes: `requests to the upstream: 240 → 12 a minute (−95 %)`. */
export function savingInWords({ clientRequests, upstreamRequests, bytes, waitMs }: Saving): readonly string[] {
  return [
    ...line('requests of clients', clientRequests, count, ' a minute'),
    ...line('requests to the upstream', upstreamRequests, count, ' a minute'),
    ...line('bytes to clients', bytes, inBytes, ' a minute'),
    ...line('wait', waitMs, (ms) => `${twoDigits(ms)} ms`, ''),
  ];
}

function line(what: string, measure: Measure | null, show: (value: number) => string, every: string): string[] {
  if (measure === null) return [];
  const { before, after } = measure;
  return [`${what}: ${show(before)} → ${show(after)}${every} (${changeInWords(before, after)})`];
}

/** `−95 %`, `+3 %`. */
export function changeInWords(before: number, after: number): string {
  if (!(before > 0)) return '±0 %';
  const change = Math.round((100 * (after - before)) / before);
  if (change === 0) return '±0 %';
  return `${change < 0 ? '−' : '+'}${Math.abs(change)} %`;
}

const count = (value: number): string => twoDigits(value);

function inBytes(value: number): string {
  if (value < 1_024) return `${Math.round(value)} B`;
  if (value < 1_048_576) return `${twoDigits(value / 1_024)} KiB`;
  return `${twoDigits(value / 1_048_576)} MiB`;
}

/** What is estimated is not known more precisely. */
function twoDigits(value: number): string {
  if (value < 10) return String(Math.round(value * 10) / 10);
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return String(Math.round(value / step) * step);
}
