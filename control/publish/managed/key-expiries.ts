/** When keys expire: which was the latest that has, and when the next one will. Kept entry by entry. Pure: time is passed in. */
import type { AppKey, AuditEntry } from '../../model/entities.js';

export class KeyExpiries {
  readonly #ends = new Map<string, number>();

  constructor(keys: Iterable<AppKey>) {
    for (const key of keys) this.#put(key.id, key);
  }

  note({ changes }: Pick<AuditEntry, 'changes'>): void {
    for (const { kind, id, value } of changes) if (kind === 'key') this.#put(id, value);
  }

  /** 0: none has. */
  latest(nowWallMs: number): number {
    let latest = 0;
    for (const end of this.#ends.values()) if (end <= nowWallMs && end > latest) latest = end;
    return latest;
  }

  /** Null: none will. */
  next(nowWallMs: number): number | null {
    let next = Number.POSITIVE_INFINITY;
    for (const end of this.#ends.values()) if (end > nowWallMs && end < next) next = end;
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  #put(id: string, key: AppKey | null): void {
    if (key?.expiresWallMs === null || key === null) this.#ends.delete(id);
    else this.#ends.set(id, key.expiresWallMs);
  }
}
