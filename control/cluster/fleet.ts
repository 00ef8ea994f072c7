/**
 * All members of the cluster with what a heartbeat is too short for: each is asked, at the same time, when somebody wants to know.
 * Owns the latest answers, so that ten who look at once ask once.
 */

import type { Presence } from '@weir/proto/cluster/presence.js';
import type { MemberStatus } from '@weir/proto/events/member-status.js';
import { decodeMessage } from '@weir/proto/events/wire.js';

/** More are counted, and not asked: their rows would be read by nobody. */
export const askedMembersMax = 200;
const ANSWER_WITHIN_MS = 1_000;
/** So long an answer is as good as a new one. */
const GOOD_FOR_MS = 500;
const QUESTION = new Uint8Array();

export interface FleetMembers {
  readonly members: readonly MemberStatus[];
  /** Are there, and did not answer. */
  readonly silent: readonly string[];
}

export class Fleet {
  readonly #presence: Presence;
  #latest: { readonly atMs: number; readonly members: Promise<FleetMembers> } | null = null;

  constructor(presence: Presence) {
    this.#presence = presence;
  }

  /** Bounded in time; never rejects. */
  members(): Promise<FleetMembers> {
    const nowMs = this.#presence.clock.nowMs();
    if (this.#latest === null || nowMs - this.#latest.atMs > GOOD_FOR_MS)
      this.#latest = { atMs: nowMs, members: this.#ask() };
    return this.#latest.members;
  }

  async #ask(): Promise<FleetMembers> {
    const ids = this.#presence
      .members()
      .filter(({ standing }) => standing === 'alive' || standing === 'suspect')
      .map(({ life }) => life.id)
      .sort()
      .slice(0, askedMembersMax);
    const answers = await Promise.all(ids.map((id) => this.#askOne(id)));
    const members = answers.filter((status) => status !== null);
    const heard = new Set(members.map(({ id }) => id));
    return { members, silent: ids.filter((id) => !heard.has(id)) };
  }

  async #askOne(id: string): Promise<MemberStatus | null> {
    const bytes = await this.#presence.ask(id, 'status', QUESTION, ANSWER_WITHIN_MS);
    const decoded = bytes === null ? null : decodeMessage(bytes);
    return decoded?.ok === true && decoded.message.kind === 'member.status' ? decoded.message : null;
  }
}
