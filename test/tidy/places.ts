/**
 * No file of the house names the machine that it was written on: no home directory, no clone's own path, no registry
 * other than the public one. Such a name works for its author only, and tells strangers what they need not know.
 */
import type { Violation } from './source.js';

const HOME = /(?<![\w.~-])\/(?:root|home\/[a-z][\w-]*|Users\/[A-Za-z][\w-]*)\//;
const RESOLVED = /"resolved":\s*"https?:\/\/(?!registry\.npmjs\.org\/)/;
const REGISTRY = /^\s*(?:@[\w-]+:)?registry\s*=\s*https?:\/\/(?!registry\.npmjs\.org)/;

/** `clonePath` is where this very clone lies. */
export function placeRules(path: string, text: string, clonePath: string): Violation[] {
  const found: Violation[] = [];
  text.split('\n').forEach((content, index) => {
    const what = placeIn(content, clonePath);
    if (what !== undefined) found.push({ path, line: index + 1, rule: 'place', message: what });
  });
  return found;
}

function placeIn(line: string, clonePath: string): string | undefined {
  // A clone right under the root, such as /app, is too common a word to look for.
  if (clonePath.lastIndexOf('/') > 0 && line.includes(`${clonePath}/`)) return 'the path of this very clone';
  const home = HOME.exec(line)?.[0];
  if (home !== undefined) return `a path of one machine (${home})`;
  if (RESOLVED.test(line) || REGISTRY.test(line)) return 'a registry that is not the public one';
  return undefined;
}
