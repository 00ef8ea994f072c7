/**
 * What a client wants of a JSON answer, as it says it in the query (`?fields=id,name,items(sku,price)`), after the partial responses of Google's
 * APIs: names by commas, what is wanted of a member in parentheses or behind a slash, `*` for each member. Lists are looked through:
 * `items(sku)` is the `sku` of each item. Pure; bounded in length, names and depth.
 *
 *     fields = field *( "," field )
 *     field  = name *( "/" name ) [ "(" fields ")" ]
 *
 * What is wanted of each member (`*`) is wanted of each that is named beside it, so a short text may mean a tree without end: `a(x),*(a(x),*(a(x),*(…` is
 * twice as large with each of its levels. How large it comes to is counted while it is made, and bounded as well.
 */

/** Null: all of it. */
export type Selection = Branch | null;

export interface Branch {
  readonly members: ReadonlyMap<string, Selection>;
  /** Of members that are not named; undefined: they are not wanted. */
  readonly others: Selection | undefined;
}

export type ReadSelection =
  | { readonly ok: true; readonly selection: Branch }
  /** `at`: where in the text, from 0. */
  | { readonly ok: false; readonly at: number; readonly why: string };

export const selectionLengthMax = 2_048;
export const selectionNamesMax = 200;
export const selectionDepthMax = 16;
/** Characters of `selectionText`: all that is wanted, spelt out. */
export const selectionSizeMax = 16_384;

interface Growing {
  readonly members: Map<string, Growing | null>;
}

const END = /[,()/]/;

class Fault extends Error {
  readonly at: number;
  constructor(at: number, why: string) {
    super(why);
    this.at = at;
  }
}

/** `text`: decoded. The same fields in another order are the same selection: see `selectionText`. */
export function readSelection(text: string): ReadSelection {
  if (text.length > selectionLengthMax)
    return { ok: false, at: selectionLengthMax, why: `it is longer than ${selectionLengthMax} characters` };
  try {
    const reader = new Reader(text);
    const root = reader.fields(0);
    if (reader.at < text.length) throw new Fault(reader.at, 'a parenthesis closes what none has opened');
    return { ok: true, selection: finished(root) };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, at: error.at, why: error.message };
    throw error;
  }
}

class Reader {
  at = 0;
  #names = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  fields(depth: number, into: Growing = { members: new Map() }): Growing {
    for (;;) {
      this.#field(depth, into);
      if (this.#text[this.at] !== ',') return into;
      this.at += 1;
    }
  }

  #field(depth: number, into: Growing): void {
    if (depth >= selectionDepthMax) throw new Fault(this.at, `it goes deeper than ${selectionDepthMax} members`);
    const name = this.#name();
    const next = this.#text[this.at];
    if (next !== '(' && next !== '/') {
      // Wanted whole, whatever else is said of a part of it.
      into.members.set(name, null);
      return;
    }
    const known = into.members.get(name);
    const child: Growing = known ?? { members: new Map() };
    if (known !== null) into.members.set(name, child);
    this.at += 1;
    if (next === '/') {
      this.#field(depth + 1, child);
      return;
    }
    this.fields(depth + 1, child);
    if (this.#text[this.at] !== ')') throw new Fault(this.at, 'a parenthesis is not closed');
    this.at += 1;
  }

  #name(): string {
    const begin = this.at;
    while (this.at < this.#text.length && !END.test(this.#text[this.at] ?? '')) this.at += 1;
    const name = this.#text.slice(begin, this.at).trim();
    if (name === '') throw new Fault(begin, 'a name is missing');
    this.#names += 1;
    if (this.#names > selectionNamesMax) throw new Fault(begin, `it has more than ${selectionNamesMax} names`);
    return name;
  }
}

/** What is wanted of each member is wanted of those that are named as well. */
function finished({ members }: Growing): Made {
  const others = members.has('*') ? selectionOf(members.get('*') ?? null) : undefined;
  const branch = new Made(others);
  for (const [name, child] of members) {
    if (name === '*') continue;
    branch.put(name, others === undefined ? selectionOf(child) : united(selectionOf(child), others));
  }
  return branch;
}

const selectionOf = (growing: Growing | null): Made | null => (growing === null ? null : finished(growing));

/** Counts as it grows: what is too large is broken off before it costs more than that. */
class Made implements Branch {
  readonly members = new Map<string, Made | null>();
  readonly others: Made | null | undefined;
  size = 0;

  constructor(others: Made | null | undefined) {
    this.others = others;
    if (others !== undefined) this.#grow('*', others);
  }

  put(name: string, child: Made | null): void {
    this.members.set(name, child);
    this.#grow(name, child);
  }

  #grow(name: string, child: Made | null): void {
    this.size += name.length + (child === null ? 1 : child.size + 3);
    if (this.size > selectionSizeMax)
      throw new Fault(0, `it comes to more than ${selectionSizeMax} characters, spelt out`);
  }
}

function united(one: Made | null, other: Made | null): Made | null {
  if (one === null || other === null) return null;
  const both = (a: Made | null | undefined, b: Made | null | undefined): Made | null | undefined =>
    a === undefined ? b : b === undefined ? a : united(a, b);
  const branch = new Made(both(one.others, other.others));
  for (const name of new Set([...one.members.keys(), ...other.members.keys()])) {
    const child = both(selectedOf(one, name), selectedOf(other, name));
    if (child !== undefined) branch.put(name, child);
  }
  return branch;
}

/** In one spelling, whatever the order: what a key or an entity tag is made of. */
export function selectionText({ members, others }: Branch): string {
  const parts = [...members].map(([name, child]) => partText(name, child));
  if (others !== undefined) parts.push(partText('*', others));
  return parts.sort().join(',');
}

function partText(name: string, child: Selection): string {
  return child === null ? name : `${name}(${selectionText(child)})`;
}

/** What is selected of a member; undefined: it is not wanted. */
export function selectedOf<Wanted extends Selection>(
  { members, others }: { readonly members: ReadonlyMap<string, Wanted>; readonly others: Wanted | undefined },
  name: string,
): Wanted | undefined {
  const found = members.get(name);
  return found === undefined ? others : found;
}
