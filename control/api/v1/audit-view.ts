/**
 * One line of the audit as it is shown: who did what, when, from where, and what it has made of what. What is secret is left out, hashes too; before
 * and after stand side by side where what was before is among what was read. Pure.
 */
import type { AuditEntry, Change } from '../../model/entities.js';

const SECRET: ReadonlySet<string> = new Set(['passwordHash', 'sha256', 'sealed', 'sessionEpoch']);
/** Of one text in a list: contracts are megabytes. The export has them whole. */
const TEXT_CHARS_MAX = 2_000;

export interface ShownChange {
  readonly kind: string;
  readonly id: string;
  /** Null: there was none. Left out: not known from what was read. */
  readonly before?: unknown;
  /** Null: it is over. */
  readonly after: unknown;
}

export interface ShownEntry extends Omit<AuditEntry, 'changes'> {
  readonly changes: readonly ShownChange[];
}

/** `older`: what came before it, newest first. */
export function showEntry(entry: AuditEntry, older: readonly AuditEntry[], isCut: boolean): ShownEntry {
  const cut = (value: unknown) => (isCut ? shortened(value) : value);
  return {
    ...entry,
    changes: entry.changes.map((change) => {
      const before = beforeOf(change, older);
      return {
        ...{ kind: change.kind, id: shownId(change) },
        ...(before === undefined ? {} : { before: cut(withoutSecrets(before)) }),
        after: cut(withoutSecrets(change.value)),
      };
    }),
  };
}

function beforeOf({ kind, id, value }: Change, older: readonly AuditEntry[]): unknown {
  if (value !== null && value.version === 1) return null;
  for (const { changes } of older)
    for (const change of changes) if (change.kind === kind && change.id === id) return change.value;
  return undefined;
}

/** The id of a session is its hash: enough of it to tell sessions apart. */
function shownId({ kind, id }: Change): string {
  return kind === 'session' ? id.slice(0, 8) : id;
}

function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const all = Object.entries(value).filter(([key]) => !SECRET.has(key));
  const isSession = 'expiresWallMs' in value && 'from' in value;
  return Object.fromEntries(
    all.map(([key, each]) => [key, isSession && key === 'id' ? String(each).slice(0, 8) : each]),
  );
}

function shortened(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length <= TEXT_CHARS_MAX ? value : `${value.slice(0, TEXT_CHARS_MAX)}… (${value.length} characters)`;
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shortened(each)]));
}

export interface AuditFilter {
  /** A login. */
  readonly who?: string | undefined;
  /** `service.publish`, or `service` for all that begin so. */
  readonly what?: string | undefined;
  /** `service shop`. */
  readonly on?: string | undefined;
}

export function isMeant({ actor, what, on }: AuditEntry, filter: AuditFilter): boolean {
  if (filter.who !== undefined && actor.login !== filter.who && actor.userId !== filter.who) return false;
  if (filter.what !== undefined && what !== filter.what && !what.startsWith(`${filter.what}.`)) return false;
  return filter.on === undefined || on === filter.on;
}
