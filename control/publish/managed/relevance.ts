/**
 * Whether what nodes run may be another after an entry of the registry, and whether somebody may call less by it. Who signs in, and what is only
 * designed, is nothing to them. Pure.
 */
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

/** Whether it takes from somebody what he had: whoever did that waits for it to be so, and counts on it. */
export function revokes({ changes }: Pick<AuditEntry, 'changes'>): boolean {
  return changes.some((change) => isServed(change) && (change.value === null || hasEnded(change)));
}

function hasEnded({ kind, value }: Change): boolean {
  switch (kind) {
    case 'application':
      return value?.isDisabled === true;
    case 'subscription':
      return value?.state === 'suspended' || value?.state === 'rejected';
    case 'service':
      return value?.stage === 'retired';
    default:
      return false;
  }
}
