/** What every node loads at its start: each file that is reached from its entry by imports that are neither of types alone nor late. */
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { importsOf, parseCode } from './source.js';

/** Files relative to the root, and packages by their names. */
export function loadedAtStart(root: string, entry: string): ReadonlySet<string> {
  const seen = new Set<string>([entry]);
  for (const path of seen) {
    const file = posix.join(root, path);
    if (!path.endsWith('.ts') || !existsSync(file)) continue;
    for (const { specifier, typeOnly, isLate } of importsOf(parseCode(path, readFileSync(file, 'utf8')))) {
      if (!typeOnly && !isLate) seen.add(placeOf(specifier, path));
    }
  }
  return seen;
}

function placeOf(specifier: string, from: string): string {
  const own = /^@weir\/(.*)\.js$/.exec(specifier)?.[1];
  if (own !== undefined) return `${own}.ts`;
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier.replace(/\.js$/, '.ts'));
  return specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : (specifier.split('/')[0] ?? '');
}
