/**
 * Sees to it that what nodes run has all of the registry: makes the releases in use anew, of the same configs, when an entry concerns nodes or
 * a key has expired. Whichever control's turn it is does so; one that knows less of the registry than what runs waits until it knows more.
 * Owns when it did so last, and when it tries again.
 */
import type { Release, RolloutRecord } from '@weir/proto/events/rollout.js';
import { inUse, isOlder, needsRefresh, refreshed } from '../rollout/registry-refresh.js';
import type { PublisherParts } from './publisher.js';
import { makeRelease, type Revision } from './release-maker.js';

/** Between two of them: what has changed meanwhile is in the next one. */
const PAUSE_MS = 200;
/** After what could not be made or stored. */
const RETRY_MS = 1_000;
const TRIES = 5;

export class RegistryRefresh {
  readonly #parts: PublisherParts;
  #notBeforeMs = 0;
  /** Told once. */
  #trouble = '';

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  async look(): Promise<void> {
    const { registry, records, nowMs, isMyTurnToRefresh } = this.#parts;
    const position = registry?.position();
    if (position === undefined || nowMs() < this.#notBeforeMs) return;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = records.latest();
      if (before === null || !records.isInLog || !needsRefresh(before, position)) return;
      if (!isMyTurnToRefresh(`${position.number} ${position.expiredWallMs}`)) return;
      if (!(await records.refresh())) return;
      const { number } = records;
      const latest = records.latest();
      if (latest === null || !needsRefresh(latest, position)) return;
      const record = await this.#recordOf(latest);
      this.#notBeforeMs = nowMs() + (record === null ? RETRY_MS : PAUSE_MS);
      if (record === null) return;
      const appended = await records.append(record, number);
      if (appended.ok || appended.why === 'away' || appended.why === 'refused') return;
    }
  }

  async #recordOf(before: RolloutRecord): Promise<RolloutRecord | null> {
    const { versionSeen, author } = this.#parts;
    const { all, tried } = inUse(before);
    const version = Math.max(before.target.version, before.base?.version ?? 0, versionSeen()) + 1;
    const newAll = await this.#made(all, version);
    const newTried = tried === null || newAll === null ? null : await this.#made(tried, version + 1);
    if (newAll === null || (tried !== null && newTried === null)) return null;
    this.#trouble = '';
    return refreshed(before, { all: newAll, tried: newTried }, author('registry'));
  }

  /** Of the same config. */
  async #made(release: Release, version: number): Promise<Release | null> {
    const revision = await this.#revisionOf(release);
    if (revision === null) return this.#tell(`revision ${release.revision}, which nodes run, can’t be read`);
    const made = await makeRelease(this.#parts, revision, version);
    if (!made.ok)
      return this.#tell(
        made.why === 'away' ? made.detail : `revision ${release.revision} can’t be compiled here any more`,
      );
    if (!isOlder(made.release, release)) return made.release;
    return this.#tell(`entries up to ${release.registry?.number ?? 0} have not been read here`);
  }

  async #revisionOf({ revision, revisionId }: Release): Promise<Revision | null> {
    const { revisions } = this.#parts;
    const current = revisions.current();
    if (current !== null && (current.id === revisionId || (revisionId === undefined && current.number === revision)))
      return current;
    const read = await revisions.read(revision);
    return read === null || (revisionId !== undefined && read.id !== revisionId) ? null : read;
  }

  #tell(trouble: string): null {
    if (this.#trouble !== trouble) this.#parts.say(`a change of the registry is not in force yet: ${trouble}`);
    this.#trouble = trouble;
    return null;
  }
}
