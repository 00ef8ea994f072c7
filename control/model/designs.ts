/** What designs take: all of them are held in memory, and so their characters are counted. Pure. */
import { designsCharsMax } from './bounds.js';
import { type Refusal, refuse } from './decision.js';
import type { Design } from './entities.js';

/** Counted once for each: a design is never changed. */
const counted = new WeakMap<Design, number>();

export function charsOf(design: Design): number {
  const known = counted.get(design);
  if (known !== undefined) return known;
  const { contract, upstreams, routes } = design;
  const chars = contract.length + JSON.stringify(upstreams).length + JSON.stringify(routes).length;
  counted.set(design, chars);
  return chars;
}

export function tooManyDesigns(): Refusal {
  return refuse(
    'conflict',
    `all designs take ${designsCharsMax} characters, which is the most; delete retired services`,
  );
}
