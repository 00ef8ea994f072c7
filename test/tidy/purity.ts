/**
 * Pure code is given time, randomness and the outside world as arguments. What it must not reach for by itself is
 * found by name in the syntax tree; the places that may are the edges of rules.ts.
 */
import ts from 'typescript';
import { edges, isTest, type Power } from './rules.js';
import { dottedName, importsOf, lineOf, type Source, type Violation, visit } from './source.js';

/** What this file may do, as the sum of the edges that it lies in. */
export function powersOf(path: string): ReadonlySet<Power> {
  const powers = new Set<Power>();
  for (const edge of edges) {
    const inside = edge.at.endsWith('/') ? path.startsWith(edge.at) : path === edge.at;
    if (inside) for (const power of edge.may) powers.add(power);
  }
  return powers;
}

const byDottedName: Readonly<Record<string, Power>> = {
  'Date.now': 'clock',
  'performance.now': 'clock',
  'performance.timeOrigin': 'clock',
  'Math.random': 'random',
  'crypto.randomUUID': 'random',
  'crypto.getRandomValues': 'random',
  'AbortSignal.timeout': 'timers',
};

const byCall: Readonly<Record<string, Power>> = {
  setTimeout: 'timers',
  setInterval: 'timers',
  setImmediate: 'timers',
  fetch: 'sockets',
};

export function purityRules(source: Source): Violation[] {
  if (isTest(source.path)) return [];
  const powers = powersOf(source.path);
  const found: Violation[] = [];
  const report = (line: number, power: Power, what: string): void => {
    if (powers.has(power)) return;
    const message = `${what} needs the power "${power}"; pass it in, or make the file an edge in test/tidy/rules.ts`;
    found.push({ path: source.path, line, rule: 'purity', message });
  };
  for (const entry of importsOf(source)) {
    if (!entry.typeOnly && entry.specifier.startsWith('node:')) report(entry.line, 'node', entry.specifier);
  }
  visit(source, (node) => {
    const used = powerUsed(node);
    if (used !== undefined) report(lineOf(source, node.getStart()), used.power, used.what);
  });
  return found;
}

function powerUsed(node: ts.Node): { power: Power; what: string } | undefined {
  const dotted = dottedName(node);
  if (dotted !== undefined) {
    const power = byDottedName[dotted] ?? (dotted.startsWith('process.') ? 'process' : undefined);
    return power === undefined ? undefined : { power, what: dotted };
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) {
    return { power: 'clock', what: 'new Date()' };
  }
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    const power = byCall[node.expression.text];
    // A parameter of the same name is how a test or an adapter passes it in; that one is not the global.
    if (power !== undefined && !isBoundLocally(node, node.expression.text))
      return { power, what: node.expression.text };
  }
  return undefined;
}

/** True when a function around the node has a parameter of that name, or an import brings it in. */
function isBoundLocally(node: ts.Node, name: string): boolean {
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) {
    if (ts.isFunctionLike(at) && at.parameters.some((parameter) => parameter.name.getText() === name)) return true;
  }
  return false;
}
