/**
 * A change that the doctor proposes, carried out in the text of a configuration: comments and layout stay as they are. Paths are the doctor's:
 * `routes[id=report].timeouts.firstByte`, `upstreams[id=app].pool.connections`, `gateway.timeouts.total`; and `routes[id=page]` for a route that is
 * new. Pure.
 */
import { isMap, isScalar, isSeq, parse, parseDocument } from 'yaml';

export interface ProposedChange {
  readonly path: string;
  /** As it would be written: `3.5s`, `{ start: 10 }`. */
  readonly to: string;
}

export interface Carried {
  readonly text: string;
  /** Those for which there is no place in this text. */
  readonly left: readonly ProposedChange[];
}

export function carryOut(text: string, changes: readonly ProposedChange[]): Carried {
  const document = parseDocument(text);
  if (document.errors.length > 0) return { text, left: changes };
  const left = changes.filter(({ path, to }) => {
    const steps = stepsOf(path);
    const place = placeOf(document.contents, steps) ?? placeOfNew(document.contents, steps);
    if (place === null) return true;
    // A text in the place of a mapping (`timeouts: 5s`) is replaced by the mapping.
    for (let depth = 1; depth < place.length; depth += 1) {
      const above = document.getIn(place.slice(0, depth), true);
      if (isScalar(above)) document.setIn(place.slice(0, depth), document.createNode({}));
    }
    document.setIn(place, document.createNode(withId(writtenValue(to), steps, place)));
    return false;
  });
  return { text: left.length === changes.length ? text : document.toString({ lineWidth: 0 }), left };
}

type Step = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'id'; readonly id: string };

function stepsOf(path: string): readonly Step[] {
  const steps: Step[] = [];
  for (const [, id, key] of path.matchAll(/\[id=([^\]]*)\]|([^.[\]]+)/g)) {
    if (id !== undefined) steps.push({ kind: 'id', id });
    else if (key !== undefined) steps.push({ kind: 'key', key });
  }
  return steps;
}

/** Null: something that is named is not there. Keys at the end may be new. */
function placeOf(contents: unknown, steps: readonly Step[]): (string | number)[] | null {
  const place: (string | number)[] = [];
  let at: unknown = contents;
  for (const step of steps) {
    if (step.kind === 'key') {
      place.push(step.key);
      at = isMap(at) ? at.get(step.key, true) : undefined;
    } else if (isMap(at) && at.has(step.id)) {
      place.push(step.id);
      at = at.get(step.id, true);
    } else {
      const index = isSeq(at) ? at.items.findIndex((item) => isMap(item) && String(item.get('id')) === step.id) : -1;
      if (index < 0 || !isSeq(at)) return null;
      place.push(index);
      at = at.get(index, true);
    }
  }
  return place.length === 0 ? null : place;
}

/** Of an entry that is not there yet: behind the last one of its list. Null: there is no such list. */
function placeOfNew(contents: unknown, steps: readonly Step[]): (string | number)[] | null {
  const [list, entry, ...below] = steps;
  if (list?.kind !== 'key' || entry?.kind !== 'id' || below.length > 0 || !isMap(contents)) return null;
  const entries = contents.get(list.key, true);
  if (isMap(entries)) return [list.key, entry.id];
  return isSeq(entries) ? [list.key, entries.items.length] : null;
}

/** Entries of a list have their id among their fields. */
function withId(value: unknown, steps: readonly Step[], place: readonly (string | number)[]): unknown {
  const last = steps.at(-1);
  const isEntry = last?.kind === 'id' && typeof place.at(-1) === 'number';
  return isEntry && typeof value === 'object' && value !== null ? { id: last.id, ...value } : value;
}

function writtenValue(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}
