/** What stands in place of a masked value, and what is found in texts that are not masked whole. Pure. */
import type { MaskSpec } from '@weir/proto/snapshot/mask.js';

/** As of a text that is there whole: see ai/guards/detector.ts, whose detectors are used. */
export interface WholeDetector {
  scan(text: string, from: number, isEnd: true): { readonly matches: readonly Found[] };
}

interface Found {
  readonly start: number;
  readonly end: number;
}

type Look = Pick<MaskSpec, 'instead' | 'keep'>;

/** The last characters stay where it is at least twice as long: else they would be most of it. */
export function hidden(text: string, { instead, keep }: Look): string {
  if (keep === 0) return instead;
  const characters = [...text];
  return characters.length < 2 * keep ? instead : instead + characters.slice(-keep).join('');
}

/** Each part that a detector finds is hidden; of parts that overlap the one that begins first, and of those the longest. */
export function finderOf(detectors: readonly WholeDetector[], look: Look): (text: string) => string {
  return (text) => {
    const found = detectors.flatMap((detector) => detector.scan(text, 0, true).matches);
    if (found.length === 0) return text;
    let out = '';
    let at = 0;
    for (const { start, end } of found.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
      if (start < at) continue;
      out += text.slice(at, start) + hidden(text.slice(start, end), look);
      at = end;
    }
    return out + text.slice(at);
  };
}
