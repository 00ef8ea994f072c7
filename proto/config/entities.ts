/**
 * The entities of a config text (the gateway, each upstream, route, consumer, provider and model) with a name to know each by, as they are written:
 * references stay references. What two texts differ in is compared by these, so that comments, order and layout make no
 * difference. Pure.
 */
import { stringify } from 'yaml';
import { readYaml } from './yaml-source.js';

export type EntityKind = 'gateway' | 'upstream' | 'route' | 'consumer' | 'contract' | 'provider' | 'model';

export interface Entity {
  readonly kind: EntityKind;
  /** Its id, or what it is known by without one; no two of a kind have the same. */
  readonly name: string;
  /** As plain values. */
  readonly value: unknown;
}

const lists: readonly (readonly [list: string, kind: EntityKind])[] = [
  ['upstreams', 'upstream'],
  ['routes', 'route'],
  ['consumers', 'consumer'],
  ['contracts', 'contract'],
];

const listsOfAi: readonly (readonly [list: string, kind: EntityKind])[] = [
  ['providers', 'provider'],
  ['models', 'model'],
];

/** Of a text that has faults: what can be made out of it. */
export function entitiesOf(text: string): readonly Entity[] {
  return entitiesIn(readYaml(text).value);
}

/** Of a text that was read. */
export function entitiesIn(value: unknown): readonly Entity[] {
  const found: Entity[] = [];
  const { upstreams: _, routes: __, consumers: ___, contracts: ____, version: _____, ai, ...rest } = fieldsOf(value);
  const { gateway = {}, ...others } = rest;
  found.push({ kind: 'gateway', name: 'gateway', value: { ...fieldsOf(gateway), ...others } });
  for (const [list, kind] of lists) found.push(...entriesOf(kind, fieldsOf(value)[list]));
  for (const [list, kind] of listsOfAi) found.push(...entriesOf(kind, fieldsOf(ai)[list]));
  return found;
}

/** Of a list, or of a mapping whose keys are the ids. */
function entriesOf(kind: EntityKind, entries: unknown): readonly Entity[] {
  if (!Array.isArray(entries)) return Object.entries(fieldsOf(entries)).map(([name, value]) => ({ kind, name, value }));
  const names = new Map<string, number>();
  return entries.map((value: unknown) => {
    const base = nameOf(value);
    const count = (names.get(base) ?? 0) + 1;
    names.set(base, count);
    return { kind, name: count === 1 ? base : `${base} (${count})`, value };
  });
}

/** Of YAML, as a person would write them. */
export function linesOf({ value }: Entity): readonly string[] {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd().split('\n');
}

const NAME_LENGTH_MAX = 120;

/** An id, which may be all there is; of a route without one what it matches, of an upstream its first target. */
function nameOf(entry: unknown): string {
  const { id, match, targets } = fieldsOf(entry);
  if (typeof id === 'string' || typeof id === 'number') return String(id);
  const [target] = Array.isArray(targets) ? targets : [];
  const known = match ?? fieldsOf(target)['url'] ?? target ?? entry;
  const name = typeof known === 'string' ? known : (JSON.stringify(known) ?? 'nothing');
  return name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX - 1)}…` : name;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  // A plain object of the walk in yaml-source.ts, which made it.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
