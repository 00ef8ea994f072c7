/** The shape of files: length, names, header comment, no barrels. */
import { posix } from 'node:path';
import ts from 'typescript';
import { emptyWords, fileLinesMax, functionLinesMax } from './rules.js';
import { lineOf, type Source, type Violation, visit } from './source.js';

export function shapeRules(source: Source): Violation[] {
  return [...fileLength(source), ...functionLength(source), ...fileName(source), ...header(source), ...barrel(source)];
}

function fileLength({ path, text }: Source): Violation[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (lines <= fileLinesMax) return [];
  const message = `${lines} lines; above ${fileLinesMax} a file has two ideas in it`;
  return [{ path, line: fileLinesMax + 1, rule: 'file-length', message }];
}

function functionLength(source: Source): Violation[] {
  const found: Violation[] = [];
  visit(source, (node) => {
    if (!isFunctionWithBody(node) || isSuite(node)) return;
    const line = lineOf(source, node.getStart());
    const lines = lineOf(source, node.getEnd()) - line + 1;
    if (lines < functionLinesMax) return;
    const message = `a function of ${lines} lines; functions stay under ${functionLinesMax}`;
    found.push({ path: source.path, line, rule: 'function-length', message });
  });
  return found;
}

function isFunctionWithBody(node: ts.Node): boolean {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

/** A function that only groups test cases: given to `describe`, or one whose own statements are cases. */
function isSuite(node: ts.Node): boolean {
  if (ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText())) return true;
  if (!('body' in node) || node.body === undefined) return false;
  const body = node.body as ts.Node; // Whatever a function-like node has under that name is a node.
  return ts.isBlock(body) && body.statements.some(isCase);
}

function isCase(statement: ts.Statement): boolean {
  if (!ts.isExpressionStatement(statement) || !ts.isCallExpression(statement.expression)) return false;
  return /^(it|test|describe)\b/.test(statement.expression.expression.getText());
}

const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;

function fileName({ path }: Source): Violation[] {
  const name = posix.basename(path);
  const stem = name.slice(0, name.lastIndexOf('.'));
  if (!KEBAB_CASE.test(stem)) return [{ path, line: 1, rule: 'file-name', message: 'file names are kebab-case' }];
  const empty = stem.split(/[-.]/).find((word) => emptyWords.has(word));
  if (empty === undefined) return [];
  return [{ path, line: 1, rule: 'file-name', message: `"${empty}" names nothing; say what the file holds` }];
}

function header({ path, text }: Source): Violation[] {
  if (path.endsWith('.test.ts')) return [];
  const first = text.replace(/^#!.*\n/, '').trimStart();
  if (first.startsWith('/*') || first.startsWith('//')) return [];
  return [{ path, line: 1, rule: 'file-header', message: 'a file opens with why it exists and what it owns' }];
}

function barrel(source: Source): Violation[] {
  const { statements } = source.tree;
  const reexports = statements.filter((statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier);
  const star = reexports.find((statement) => ts.isExportDeclaration(statement) && statement.exportClause === undefined);
  if (star === undefined && (reexports.length === 0 || reexports.length < statements.length)) return [];
  const message = 'import from the file that defines a thing; barrels hide who knows whom';
  return [
    { path: source.path, line: star === undefined ? 1 : lineOf(source, star.getStart()), rule: 'barrel', message },
  ];
}
