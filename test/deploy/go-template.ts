/**
 * Renders the part of Go's templates that the chart keeps to, for helm may not be where tests run: actions with their trimming
 * (`{{-`, `-}}`), if / else, with, range over lists, define and include, pipelines with parentheses, and some functions of Sprig and Helm.
 * What lies outside throws, and so does a value that is not there where Helm would print nothing.
 */
import { stringify } from 'yaml';

export type Dot = unknown;
type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: string }
  | { readonly kind: 'if' | 'with' | 'range'; readonly pipe: string; readonly body: Node[]; readonly rest: Node[] };

export class Templates {
  readonly #defined = new Map<string, readonly Node[]>();
  readonly #files = new Map<string, readonly Node[]>();

  add(file: string, text: string): void {
    const tokens = tokensOf(text);
    const [nodes, end] = this.#parse(tokens, 0);
    if (end !== tokens.length) throw new Error(`${file}: an end too many`);
    this.#files.set(file, nodes);
  }

  render(file: string, root: Dot): string {
    const nodes = this.#files.get(file);
    if (nodes === undefined) throw new Error(`no ${file}`);
    return this.#write(nodes, root);
  }

  /** Up to the end of its block, or an else. */
  #parse(tokens: readonly Token[], from: number): [Node[], number] {
    const nodes: Node[] = [];
    let at = from;
    for (let token = tokens[at]; token !== undefined; token = tokens[at]) {
      at += 1;
      if (token.kind === 'text') nodes.push(token);
      else {
        const [word = '', pipe = ''] = split(token.action);
        if (word === 'end' || word === 'else') return [nodes, at - 1];
        if (word === 'if' || word === 'with' || word === 'range') {
          const [body, stop] = this.#parse(tokens, at);
          const isElse = wordAt(tokens, stop) === 'else';
          const [rest, end] = isElse ? this.#parse(tokens, stop + 1) : [[], stop];
          if (wordAt(tokens, end) !== 'end') throw new Error(`${token.action}: no end`);
          nodes.push({ kind: word, pipe, body, rest });
          at = end + 1;
        } else if (word === 'define') {
          const [body, end] = this.#parse(tokens, at);
          this.#defined.set(JSON.parse(pipe) as string, body); // A quoted name.
          at = end + 1;
        } else if (!word.startsWith('/*')) nodes.push({ kind: 'print', pipe: token.action });
      }
    }
    return [nodes, at];
  }

  #write(nodes: readonly Node[], dot: Dot): string {
    return nodes.map((node) => this.#writeOne(node, dot)).join('');
  }

  #writeOne(node: Node, dot: Dot): string {
    if (node.kind === 'text') return node.text;
    const value = this.#value(node.pipe, dot);
    if (node.kind === 'print') {
      if (value === undefined || value === null) throw new Error(`{{ ${node.pipe} }} is nothing`);
      return String(value);
    }
    if (!isTrue(value)) return this.#write(node.rest, dot);
    if (node.kind === 'if') return this.#write(node.body, dot);
    if (node.kind === 'with') return this.#write(node.body, value);
    return (value as readonly unknown[]).map((one) => this.#write(node.body, one)).join(''); // Lists only.
  }

  #value(pipe: string, dot: Dot): unknown {
    const words = wordsOf(pipe);
    let [piped, hasPiped]: [unknown, boolean] = [undefined, false];
    for (let at = 0; at <= words.length; at += 1) {
      const end = words.indexOf('|', at);
      const call = words.slice(at, end === -1 ? words.length : end);
      const [head = '', ...rest] = call;
      const given = [...rest.map((word) => this.#word(word, dot)), ...(hasPiped ? [piped] : [])];
      piped = isName(head) ? this.#call(head, given) : this.#word(head, dot);
      hasPiped = true;
      if (end === -1) break;
      at = end;
    }
    return piped;
  }

  #word(word: string, dot: Dot): unknown {
    if (word.startsWith('(')) return this.#value(word.slice(1, -1), dot);
    if (word.startsWith('"')) return JSON.parse(word);
    if (/^-?\d+$/.test(word)) return Number(word);
    if (word === '.') return dot;
    if (!/^(?:\.\w+)+$/.test(word)) throw new Error(`${word} is not understood`);
    let value = dot;
    for (const name of word.slice(1).split('.')) {
      if (typeof value !== 'object' || value === null || !(name in value)) throw new Error(`there is no ${word}`);
      value = (value as Readonly<Record<string, unknown>>)[name]; // It is there.
    }
    return value;
  }

  #call(name: string, given: readonly unknown[]): unknown {
    const [first, second] = given;
    if (name === 'include') return this.#write(this.#defined.get(String(first)) ?? missing(`no ${first}`), second);
    const found = functions[name];
    if (found === undefined) throw new Error(`no function ${name}`);
    return found(given);
  }
}

const functions: Readonly<Record<string, (given: readonly unknown[]) => unknown>> = {
  quote: ([text]) => JSON.stringify(String(text)),
  toYaml: ([value]) => stringify(value).trimEnd(),
  nindent: ([spaces, text]) => `\n${String(text).replace(/^(?=.)/gm, ' '.repeat(Number(spaces)))}`,
  default: ([other, value]) => (isTrue(value) ? value : other),
  join: ([separator, list]) => (list as readonly unknown[]).join(String(separator)), // Lists only.
  printf: ([format, ...values]) => {
    let at = 0;
    return String(format).replace(/%[sd]/g, () => String(values[at++]));
  },
  add: (given) => given.reduce<number>((sum, one) => sum + Number(one), 0),
  mul: (given) => given.reduce<number>((product, one) => product * Number(one), 1),
  not: ([value]) => !isTrue(value),
  or: (given) => given.find(isTrue) ?? given.at(-1),
  fail: ([reason]) => missing(String(reason)),
};

function missing(reason: string): never {
  throw new Error(reason);
}

/** As Go has it: what is empty is false. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== '' && value !== 0 && value !== false;
}

type Token = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'action'; readonly action: string };

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let [at, trims] = [0, false];
  for (const match of text.matchAll(/\{\{(-?)\s*([\s\S]*?)\s*(-?)\}\}/g)) {
    const [whole, trimsBefore, action = '', trimsAfter] = match;
    let before = text.slice(at, match.index);
    if (trims) before = before.trimStart();
    if (trimsBefore === '-') before = before.trimEnd();
    tokens.push({ kind: 'text', text: before }, { kind: 'action', action });
    at = match.index + whole.length;
    trims = trimsAfter === '-';
  }
  const last = text.slice(at);
  tokens.push({ kind: 'text', text: trims ? last.trimStart() : last });
  return tokens;
}

const isName = (word: string): boolean => /^[a-zA-Z]\w*$/.test(word);

function split(action: string): readonly string[] {
  const end = action.search(/\s/);
  return end === -1 ? [action] : [action.slice(0, end), action.slice(end).trim()];
}

function wordAt(tokens: readonly Token[], at: number): string {
  const token = tokens[at];
  return token?.kind === 'action' ? (split(token.action)[0] ?? '') : '';
}

/** Words of a pipeline; what stands in parentheses is one, with them. */
function wordsOf(pipe: string): readonly string[] {
  const words: string[] = [];
  let [depth, word] = [0, ''];
  for (const part of pipe.match(/"(?:[^"\\]|\\.)*"|\s+|[()|]|[^\s()|"]+/g) ?? []) {
    if (part === '(') depth += 1;
    if (part === ')') depth -= 1;
    if (depth > 0 || part === ')') word += part;
    else if (/^\s/.test(part) || part === '|') {
      if (word !== '') words.push(word);
      word = '';
      if (part === '|') words.push('|');
    } else word += part;
  }
  if (depth !== 0) throw new Error(`${pipe}: parentheses`);
  if (word !== '') words.push(word);
  return words;
}
