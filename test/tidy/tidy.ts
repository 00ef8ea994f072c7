/** Holds the whole tree to the rules: reads every file of the house and returns what is out of order. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importRules } from './imports.js';
import { leftoverRules } from './leftovers.js';
import { placeRules } from './places.js';
import { purityRules } from './purity.js';
import { shapeRules } from './shape.js';
import { parse, type Violation } from './source.js';

const IGNORED_FOLDERS = new Set(['node_modules', 'dist', '.git', '.turbo', '.weir', 'coverage', 'reports']);
const SOURCE = /\.(tsx?|mjs)$/;
const TEXT =
  /\.(ts|mts|cts|tsx|js|mjs|cjs|json|md|ya?ml|sh|toml|conf|html|css|txt)$|(^|\/)(weir|run|\.npmrc|Dockerfile)$/;

export function tidyTree(root: string): Violation[] {
  const found: Violation[] = [];
  for (const path of filesUnder(root, '')) {
    if (!TEXT.test(path)) continue;
    found.push(...tidyFile(path, readFileSync(join(root, path), 'utf8'), root));
  }
  return found;
}

/** All rules over one file; `path` is relative to the root. */
export function tidyFile(path: string, text: string, root: string): Violation[] {
  const found = placeRules(path, text, root);
  if (!SOURCE.test(path)) return found;
  const source = parse(path, text);
  for (const rules of [importRules, purityRules, shapeRules, leftoverRules]) found.push(...rules(source));
  return found;
}

export function describeViolation({ path, line, rule, message }: Violation): string {
  return `${path}:${line} [${rule}] ${message}`;
}

function* filesUnder(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!IGNORED_FOLDERS.has(entry.name)) yield* filesUnder(root, path);
    } else if (entry.isFile()) {
      yield path;
    }
  }
}
