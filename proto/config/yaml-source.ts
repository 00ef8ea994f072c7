/**
 * From YAML text to plain values, each with its place in the file.
 *
 * The library parses; the walk from its nodes to values is ours, because a config comes from a person's editor or from
 * an attacker's pull request and both deserve an answer: duplicate and hostile keys are faults with a place, aliases are
 * expanded within a budget (a few lines of anchors can stand for terabytes), depth is bounded, and nothing throws.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
} from 'yaml';
import { type Finding, findError, findWarning, type Path, type PathStep, renderPath } from './faults.js';
import { shieldReferences } from './shield.js';

/**
 * A file larger than this is refused unread. Ten thousand routes fit, which take three seconds to check; a file of this
 * size that is made to be slow takes about ten.
 */
export const sourceBytesMax = 1024 * 1024;
/** Values in the file after aliases are expanded. */
export const sourceNodesMax = 200_000;
/** The schema is nine levels deep. */
const sourceDepthMax = 40;

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Source {
  /** Plain objects, lists, strings, numbers, booleans and null; undefined when the file holds nothing. */
  readonly value: unknown;
  /** Faults that already have a place: syntax. */
  readonly syntax: readonly (Finding & { readonly place: Place })[];
  /** Faults by path: duplicate keys, hostile keys. */
  readonly findings: readonly Finding[];
  /** Paths of scalars without quotes: only these may turn into a number or a boolean. */
  readonly plain: ReadonlySet<string>;
  /** Place of a path, or of its nearest ancestor that stands in the file. */
  readonly locate: (path: Path) => Place;
}

const START: Place = { line: 1, column: 1 };

export function readYaml(text: string): Source {
  if (text.length > sourceBytesMax) {
    const cut = `split it, or move generated parts out of it`;
    return failed(findError([], `the file is larger than ${sourceBytesMax / 1024 / 1024}MiB`, cut), START);
  }
  const lines = new LineCounter();
  const shield = shieldReferences(text);
  let document: Document.Parsed;
  try {
    // With logLevel silent the library would not report a second document; it prints nothing either way.
    // uniqueKeys is off because the library compares every pair of keys; the walk below does it with a set.
    const options = {
      lineCounter: lines,
      uniqueKeys: false,
      prettyErrors: false,
      schema: 'core',
      logLevel: 'error',
    } as const;
    document = parseDocument(shield.text, options);
  } catch {
    // The library recurses as deep as the text nests; a text that overflows the stack is not a config.
    return failed(findError([], 'the file cannot be parsed; it may be nested too deeply'), START);
  }
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const walk = new Walk(shield.restore);
  const value = document.contents === null ? undefined : walk.value(document.contents, [], 0);
  const locate = (path: Path): Place => {
    for (let length = path.length; length >= 0; length -= 1) {
      const offset = walk.offsets.get(renderPath(path.slice(0, length)));
      if (offset !== undefined) return placeOf(offset);
    }
    return START;
  };
  const syntax = [
    ...document.errors.map((error) => ({
      ...syntaxFault(error.code, sentence(shield.restore(error.message))),
      place: placeOf(error.pos[0]),
    })),
    ...document.warnings.map((error) => ({
      ...findWarning([], sentence(shield.restore(error.message))),
      place: placeOf(error.pos[0]),
    })),
  ];
  return { value, syntax, findings: walk.findings, plain: walk.plain, locate };
}

function failed(finding: Finding, place: Place): Source {
  return { value: undefined, syntax: [{ ...finding, place }], findings: [], plain: new Set(), locate: () => place };
}

function sentence(message: string): string {
  if (message.includes('call stack')) return 'the file is nested too deeply'; // the library's own recursion gave up
  const line = message.split('\n', 1)[0] ?? '';
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}

/** What the library says, with a cure, or said anew where its words are for programmers. `match: /orders/{id} }` is the usual slip. */
function syntaxFault(code: string, message: string): Finding {
  const cure = syntaxCures[code] ?? null;
  if (code === 'MULTIPLE_DOCS') return findError([], 'the file holds more than one YAML document', cure);
  if (code === 'BAD_ALIAS') return findError([], 'a text cannot begin with *, which is an alias to YAML', cure);
  // The same code stands for a bracket that is not closed, and for a line that begins at the wrong column.
  if (code === 'BAD_INDENT' && !/flow|bracket|brace/i.test(message)) return findError([], message, INDENT);
  return findError([], message, cure);
}

const BRACKETS = 'check quotes and brackets; inside { } and [ ], a text that holds one of {}[], needs quotes';
const INDENT = 'begin the line at the column of its neighbours; two spaces a level are usual';

const syntaxCures: Readonly<Record<string, string>> = {
  MISSING_CHAR: BRACKETS,
  UNEXPECTED_TOKEN: BRACKETS,
  BAD_INDENT: BRACKETS,
  BAD_ALIAS: 'put it in quotes: "/*" or "*"',
  TAB_AS_INDENT: 'indent with spaces; two a level are usual',
  MULTIPLE_DOCS: 'keep one document: remove the --- and what follows it, or write a file of its own for it',
};

/** One pass over a document in its own order, which is the order in which anchors take effect. */
class Walk {
  readonly offsets = new Map<string, number>();
  readonly plain = new Set<string>();
  readonly findings: Finding[] = [];
  private readonly anchors = new Map<string, Node>();
  private readonly restore: (text: string) => string;
  private nodes = 0;
  private exhausted = false;

  constructor(restore: (text: string) => string) {
    this.restore = restore;
  }

  value(node: unknown, path: Path, depth: number, aliasOffset?: number): unknown {
    this.nodes += 1;
    if (this.nodes > sourceNodesMax)
      return this.giveUp(path, `the file holds more than ${sourceNodesMax} values (aliases count in full)`);
    if (depth > sourceDepthMax) return this.giveUp(path, `the file is nested more than ${sourceDepthMax} levels deep`);
    // What an alias stands for is shown where the alias is: that is the line the reader must look at.
    const offset = aliasOffset ?? offsetOf(node);
    const place = renderPath(path);
    if (offset !== undefined && !this.offsets.has(place)) this.offsets.set(place, offset);
    if (isAlias(node)) {
      const target = this.anchors.get(node.source);
      if (target !== undefined) return this.value(target, path, depth + 1, offset);
      const cure = `to YAML a leading * is an alias; a text that begins with one needs quotes: "*${sentence(node.source)}"`;
      this.findings.push(findError(path, `there is no anchor &${sentence(node.source)} before this alias`, cure));
      return undefined;
    }
    if (isScalar(node)) return this.scalar(node, path, place);
    if (isMap(node)) return this.mapping(node.items, node, path, depth, aliasOffset);
    if (isSeq(node)) {
      this.remember(node);
      const list: unknown[] = [];
      for (const [index, item] of node.items.entries()) {
        if (this.exhausted) break;
        list.push(this.value(item, [...path, index], depth + 1, aliasOffset));
      }
      return list;
    }
    // An empty item ("- ") has no node at all.
    return null;
  }

  private scalar(node: Scalar, path: Path, place: string): unknown {
    this.remember(node);
    const { value } = node;
    if (node.type === 'PLAIN') this.plain.add(place);
    if (typeof value === 'string') return this.restore(value);
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
    this.findings.push(findError(path, 'a value of this YAML type has no meaning in a config', 'remove the tag'));
    return null;
  }

  private mapping(
    items: readonly Pair[],
    node: Node,
    path: Path,
    depth: number,
    aliasOffset: number | undefined,
  ): unknown {
    this.remember(node);
    const object: Record<string, unknown> = {};
    for (const pair of items) {
      if (this.exhausted) break;
      const key = this.key(pair.key, path);
      if (key === null) continue;
      const at: Path = [...path, key];
      const offset = aliasOffset ?? offsetOf(pair.key);
      if (Object.hasOwn(object, key)) {
        this.duplicate(at, offset);
        continue;
      }
      if (offset !== undefined) this.offsets.set(renderPath(at), offset);
      object[key] = this.value(pair.value, at, depth + 1, aliasOffset);
    }
    return object;
  }

  private key(node: unknown, path: Path): (PathStep & string) | null {
    const content = isAlias(node) ? this.anchors.get(node.source) : node;
    const value = isScalar(content) ? content.value : undefined;
    if (isScalar(content)) this.remember(content);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      this.findings.push(
        findError(path, 'a key must be a word', 'write `name: value`; a key of another kind needs quotes'),
      );
      return null;
    }
    const key = this.restore(String(value));
    if (key === '__proto__') {
      this.findings.push(findError(path, 'the key `__proto__` is not allowed'));
      return null;
    }
    return key;
  }

  private duplicate(at: Path, offset: number | undefined): void {
    const key = String(at.at(-1));
    // The second key has a place of its own; its path is the same as the first one's, so the place goes under a path
    // that no real value can have.
    const marked: Path = [...at, DUPLICATE];
    if (offset !== undefined) this.offsets.set(renderPath(marked), offset);
    this.findings.push(findError(marked, `the key \`${sentence(key)}\` is here a second time`, 'keep one of them'));
  }

  private remember(node: Node): void {
    const anchor = 'anchor' in node ? node.anchor : undefined;
    if (typeof anchor === 'string') this.anchors.set(anchor, node);
  }

  private giveUp(path: Path, message: string): undefined {
    if (!this.exhausted) this.findings.push(findError(path, message));
    this.exhausted = true;
    return undefined;
  }
}

/** Marks the path of a repeated key; removed before a path is shown. */
export const DUPLICATE = '\u0000again';

function offsetOf(node: unknown): number | undefined {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return undefined;
  return node.range?.[0];
}
