/** Source files as the rules see them: text, lines, syntax tree and comments. Parsing only; no rule lives here. */
import ts from 'typescript';

export interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly comments: readonly Comment[];
}

export interface Comment {
  readonly text: string;
  readonly line: number;
}

export interface Violation {
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** Loaded when it is called for. */
  readonly isLate: boolean;
  readonly line: number;
}

export function parse(path: string, text: string): Source {
  const source = parseCode(path, text);
  return { ...source, comments: commentsOf(source.tree, text) };
}

const kinds: ReadonlyMap<string, ts.ScriptKind> = new Map([
  ['.mjs', ts.ScriptKind.JS],
  ['.tsx', ts.ScriptKind.TSX],
]);

/** Without its comments, which take most of the time. */
export function parseCode(path: string, text: string): Source {
  const kind = kinds.get(path.slice(path.lastIndexOf('.'))) ?? ts.ScriptKind.TS;
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, kind);
  return { path, text, tree, comments: [] };
}

export function lineOf(source: Source, position: number): number {
  return source.tree.getLineAndCharacterOfPosition(position).line + 1;
}

/** Visits each node of the tree, parents first. */
export function visit(source: Source, see: (node: ts.Node) => void): void {
  const walk = (node: ts.Node): void => {
    see(node);
    ts.forEachChild(node, walk);
  };
  ts.forEachChild(source.tree, walk);
}

/** Static and dynamic imports and re-exports, in order. */
export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  const add = (literal: ts.Expression, typeOnly: boolean, isLate = false): void => {
    if (!ts.isStringLiteralLike(literal)) return;
    imports.push({ specifier: literal.text, typeOnly, isLate, line: lineOf(source, literal.getStart()) });
  };
  visit(source, (node) => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
      add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [first] = node.arguments;
      if (first !== undefined) add(first, false, true);
    }
  });
  return imports;
}

/** `a.b` for a property access on a plain name, else undefined. */
export function dottedName(node: ts.Node): string | undefined {
  if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return undefined;
  return `${node.expression.text}.${node.name.text}`;
}

/**
 * Comments are trivia between tokens, so they are gathered at each token's start; what stands inside a string or a
 * template is not one, which is why text that is only quoted (as in this folder's own tests) is not taken for one.
 */
function commentsOf(tree: ts.SourceFile, text: string): Comment[] {
  const seen = new Map<number, Comment>();
  const collect = (position: number): void => {
    for (const range of ts.getLeadingCommentRanges(text, position) ?? []) remember(range);
    for (const range of ts.getTrailingCommentRanges(text, position) ?? []) remember(range);
  };
  const remember = (range: ts.CommentRange): void => {
    const line = tree.getLineAndCharacterOfPosition(range.pos).line + 1;
    seen.set(range.pos, { text: text.slice(range.pos, range.end), line });
  };
  const walk = (node: ts.Node): void => {
    if (node.getChildCount(tree) === 0) {
      // Template pieces hold text, not trivia, behind their start.
      if (!isTemplatePiece(node)) collect(node.getFullStart());
      return;
    }
    for (const child of node.getChildren(tree)) walk(child);
  };
  walk(tree);
  return [...seen.values()].sort((a, b) => a.line - b.line);
}

function isTemplatePiece(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.TemplateMiddle || node.kind === ts.SyntaxKind.TemplateTail;
}
