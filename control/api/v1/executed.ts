/** What the registry has done, as an answer of the API. Pure. */
import type { Entities, EntityKind } from '../../model/entities.js';
import type { Executed } from '../../registry/registry.js';
import type { ApiAnswer } from './api-route.js';
import { notDone } from './problems.js';

/** What a command has made of the entity that it was about; null: its end, or the entry is about others alone. */
export function madeOf<K extends EntityKind>(executed: Executed & { readonly ok: true }, kind: K): Entities[K] | null {
  for (const change of executed.entry.changes) {
    if (change.kind === kind && change.value !== null) return change.value as Entities[K]; // Its kind says so.
  }
  return null;
}

export interface Shown<K extends EntityKind> {
  readonly status: 200 | 201;
  readonly kind: K;
  /** Without what nobody is to see. */
  readonly show: (entity: Entities[K]) => unknown;
  readonly location?: (entity: Entities[K]) => string;
}

/** The entity as it is now, with its ETag; or why not. */
export function answerMade<K extends EntityKind>(executed: Executed, shown: Shown<K>): ApiAnswer {
  if (!executed.ok) return notDone(executed);
  const made = madeOf(executed, shown.kind);
  if (made === null) return { status: 204 };
  const headers = shown.location === undefined ? {} : { headers: { location: shown.location(made) } };
  return { status: shown.status, body: shown.show(made), version: made.version, ...headers };
}

/** Of what leaves nothing behind. */
export function answerDone(executed: Executed): ApiAnswer {
  return executed.ok ? { status: 204 } : notDone(executed);
}
