/** What two config texts differ in, entity by entity, with the lines. Pure. */
import { type Entity, type EntityKind, entitiesOf, linesOf } from '@weir/proto/config/entities.js';
import { lineDiff } from './line-diff.js';

export interface EntityChange {
  readonly kind: EntityKind;
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  /** Each begins with `+ `, `- ` or two spaces; `…` stands for lines that are left out. */
  readonly lines: readonly string[];
}

export interface Comparison {
  readonly changes: readonly EntityChange[];
  /** The texts are the same, to the byte. Without changes they otherwise differ in comments, order or layout. */
  readonly isSame: boolean;
}

/** In the order of the later text; what is removed stands at the end of its kind. `before` is null where nothing was. */
export function compareConfigs(before: string | null, after: string): Comparison {
  if (before === after) return { changes: [], isSame: true };
  return { changes: changesOf(before === null ? [] : entitiesOf(before), entitiesOf(after)), isSame: false };
}

/** Of texts that were read already. */
export function changesOf(before: readonly Entity[], later: readonly Entity[]): readonly EntityChange[] {
  const known = new Map<string, Entity>(before.map((one) => [keyOf(one), one]));
  const changes: EntityChange[] = [];
  const kinds: readonly EntityKind[] = ['gateway', 'upstream', 'provider', 'model', 'route', 'consumer', 'contract'];
  for (const kind of kinds) {
    for (const entity of later) {
      if (entity.kind !== kind) continue;
      const earlier = known.get(keyOf(entity));
      known.delete(keyOf(entity));
      if (earlier === undefined) changes.push(...added(entity));
      else if (JSON.stringify(earlier.value) !== JSON.stringify(entity.value)) {
        const lines = lineDiff(linesOf(earlier), linesOf(entity));
        changes.push({ kind, name: entity.name, change: 'changed', lines });
      }
    }
    for (const entity of known.values()) {
      if (entity.kind !== kind) continue;
      const lines = linesOf(entity).map((line) => `- ${line}`);
      changes.push({ kind, name: entity.name, change: 'removed', lines });
    }
  }
  return changes;
}

/** A gateway that says nothing is there in every text. */
function added(entity: Entity): readonly EntityChange[] {
  const { kind, name } = entity;
  if (kind === 'gateway' && JSON.stringify(entity.value) === '{}') return [];
  return [{ kind, name, change: 'added', lines: linesOf(entity).map((line) => `+ ${line}`) }];
}

function keyOf({ kind, name }: Entity): string {
  return `${kind} ${name}`;
}
