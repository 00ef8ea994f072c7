/**
 * A change that the doctor proposes, carried out in the text of a configuration: comments and layout stay as they are. Paths are the doctor's:
 * `routes[id=report].timeouts.firstByte`, `upstreams[id=app].pool.connections`, `gateway.timeouts.total`. Pure.
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
    const place = placeOf(document.contents, stepsOf(path));
    if (place === null) return true;
    // A text in the place of a mapping (`timeouts: 5s`) is replaced by the mapping.
    for (let depth = 1; depth < place.length; depth += 1) {
      const above = document.getIn(place.slice(0, depth), true);
      if (isScalar(above)) document.setIn(place.slice(0, depth), document.createNode({}));
    }
    document.setIn(place, document.createNode(writtenValue(to)));
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

function writtenValue(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}
