/**
 * Carries out what the doctor prescribes: a change `path: from → to` on the text of a weir.yaml, as a person would who
 * reads nothing but that line. Pure.
 */
import type { Change } from '@weir/proto/events/doctor.js';
import { type Document, isMap, isScalar, parse, parseDocument } from 'yaml';

type ConfigChange = Extract<Change, { kind: 'config' }>;

export function configChanges(changes: readonly Change[]): ConfigChange[] {
  return changes.filter((change) => change.kind === 'config');
}

/** As `weir doctor` prints it. */
export function inOneLine(change: Change): string {
  return change.kind === 'config' ? `${change.path}: ${change.from} → ${change.to}` : change.text;
}

/** Throws where the path leads nowhere, or where what is stated there is not what the change says. */
export function carriedOut(text: string, changes: readonly Change[]): string {
  const document = parseDocument(text);
  for (const { path, from, to } of configChanges(changes)) {
    const keys = keysOf(document, path);
    const stated = document.getIn(keys, true);
    if (isScalar(stated) && String(stated.value) !== from)
      throw new Error(`${path} is ${String(stated.value)}, and not ${from}`);
    makeMaps(document, keys);
    const id = stated === undefined ? /^\w+\[id=([^\]]+)\]$/.exec(path)?.[1] : undefined;
    const value: unknown = parse(to);
    // A new route is one more in the list, by the id that the path gives it.
    document.setIn(keys, document.createNode(id === undefined ? value : { id, ...(value as object) }));
  }
  return document.toString();
}

/** `routes[id=report].timeouts.firstByte` → routes, 0, timeouts, firstByte. */
function keysOf(document: Document, path: string): (string | number)[] {
  const steps = path.match(/\w+\[id=[^\]]*\]|[^.]+/g) ?? [];
  return steps.flatMap((step, at) => {
    const [, list, id] = /^(\w+)\[id=(.+)\]$/.exec(step) ?? [];
    if (list === undefined) return [step];
    const entries: unknown = document.toJS();
    const index = indexOf(entries, list, id ?? '');
    if (index < 0 && at < steps.length - 1) throw new Error(`${path}: there is no ${step}`);
    return [list, index < 0 ? lengthOf(entries, list) : index];
  });
}

function lengthOf(config: unknown, list: string): number {
  return (config as Readonly<Record<string, readonly unknown[]>>)[list]?.length ?? 0; // The schema says so.
}

function indexOf(config: unknown, list: string, id: string): number {
  const entries = (config as Readonly<Record<string, readonly { readonly id?: string }[]>>)[list]; // The schema says so.
  return entries?.findIndex((entry) => entry.id === id) ?? -1;
}

/** What is in the way and has no fields of its own (`true`, or nothing) becomes something that has. */
function makeMaps(document: Document, keys: readonly (string | number)[]): void {
  for (let length = 1; length < keys.length; length += 1) {
    const at = keys.slice(0, length);
    const node = document.getIn(at, true);
    if (node === undefined || (isScalar(node) && !isMap(node))) document.setIn(at, document.createNode({}));
  }
}
