/** What must not be left behind: notes to oneself, switched-off tests and checks, escape hatches, debug output. */
import ts from 'typescript';
import { isTest } from './rules.js';
import { dottedName, lineOf, type Source, type Violation, visit } from './source.js';

const NOTE = /\b(TODO|FIXME|XXX|HACK)\b/;
const SUPPRESSION = /@ts-(ignore|nocheck|expect-error)|eslint-disable/;
/** Biome's own form is `biome-ignore rule: reason`; a reason of fewer than three words is none. */
const BIOME_IGNORE = /biome-ignore(-all|-start|-end)?\s+\S+?:\s*(.*)/;
const TEST_FUNCTIONS = new Set(['it', 'test', 'describe', 'suite', 'bench']);
const SWITCHES = new Set(['skip', 'only', 'todo']);

export function leftoverRules(source: Source): Violation[] {
  return [...inComments(source), ...inCode(source)];
}

function inComments({ path, comments }: Source): Violation[] {
  const found: Violation[] = [];
  const report = (line: number, message: string): void => {
    found.push({ path, line, rule: 'leftover', message });
  };
  for (const { text, line } of comments) {
    const note = NOTE.exec(text)?.[1];
    if (note !== undefined) report(line, `${note}: do it, or write it down where work is planned`);
    const suppression = SUPPRESSION.exec(text)?.[0];
    if (suppression !== undefined) report(line, `${suppression}: mend the type`);
    // The reason of a range stands at its beginning.
    if (text.includes('biome-ignore') && !text.includes('biome-ignore-end')) {
      const reason = BIOME_IGNORE.exec(text)?.[2] ?? '';
      if (reason.split(/\s+/).filter((word) => word !== '').length < 3) report(line, 'biome-ignore needs a reason');
    }
  }
  return found;
}

function inCode(source: Source): Violation[] {
  const { path } = source;
  const found: Violation[] = [];
  visit(source, (node) => {
    const message = codeLeftover(path, node);
    if (message !== undefined) found.push({ path, line: lineOf(source, node.getStart()), rule: 'leftover', message });
  });
  return found;
}

function codeLeftover(path: string, node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AnyKeyword) return 'any switches the compiler off; use unknown and look';
  if (node.kind === ts.SyntaxKind.DebuggerStatement) return 'debugger';
  const [object, property] = dottedName(node)?.split('.') ?? [];
  if (object === undefined || property === undefined) return undefined;
  if (TEST_FUNCTIONS.has(object) && SWITCHES.has(property)) return `${object}.${property}: a test runs, or it goes`;
  if (object === 'console' && !isTest(path) && /^(node|proto)\//.test(path)) {
    return `console.${property}: a node speaks through its observer and its log`;
  }
  return undefined;
}
