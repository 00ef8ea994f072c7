/** Whether what nodes run may be another after an entry of the registry. Who signs in, and what is only designed, is nothing to them. Pure. */
import type { AuditEntry, Change, EntityKind } from '../../model/entities.js';

const kinds: ReadonlySet<EntityKind> = new Set(['service', 'release', 'application', 'key', 'subscription', 'secret']);
/** Of a service, but of nothing that is served. */
const designing: ReadonlySet<string> = new Set(['service.set-draft', 'service.create']);

export function concernsNodes({ what, changes }: Pick<AuditEntry, 'what' | 'changes'>): boolean {
  return !designing.has(what) && changes.some(isServed);
}

function isServed({ kind, value }: Change): boolean {
  if (kind === 'service') return value === null || value.stage !== 'draft';
  return kinds.has(kind);
}
