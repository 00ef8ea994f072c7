/** What every picture of a report has to be, whatever was measured. */
import { expect } from 'vitest';

const tag = /<(\/?)([a-z]+)((?:\s[\w:-]+="[^"<>]*")*)\s*(\/?)>/g;

/** Every element is closed in the order in which it was opened, no attribute holds what is no value, nothing is run, and text is text. */
export function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, closing, name = '', attributes = '', empty] of svg.matchAll(tag)) {
    expect(attributes).not.toMatch(/NaN|Infinity|undefined/);
    expect(name).not.toBe('script');
    if (closing === '/') expect(open.pop()).toBe(name);
    else if (empty !== '/') open.push(name);
  }
  expect(open).toEqual([]);
  // What is not in an element that was recognized is text, and holds no bracket.
  expect(svg.replaceAll(tag, '')).not.toMatch(/[<>]/);
  expect(svg.match(/&(?!amp;|lt;|gt;|quot;)/)).toBeNull();
}
