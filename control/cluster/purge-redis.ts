/**
 * Tells the Redis that nodes share of a purge, by one of them: before the purge is in the log, so that no node that has applied it can
 * still find there what it means. Once for each version of the config that is in force, since rules of keys may differ between them.
 * Owns which nodes have said that they share nothing.
 *
 * Nodes of one cluster are started alike: where those that answer share nothing, one that is silent is not taken for the only one that does.
 */
import type { MemberView } from '@weir/proto/cluster/member.js';
import type { Presence } from '@weir/proto/cluster/presence.js';
import { readShared } from '@weir/proto/events/purge-shared.js';

/** What nodes answer under. */
const SHARED_QUESTION = 'purge-shared';
/** A node waits half a second for Redis. */
const ASK_WITHIN_MS = 1_000;
/** Nodes that are asked, one after the other, where one can't tell it. */
const TRIES = 3;

/** `none`: no node shares anything in one. Otherwise why it may not have been told. */
export type Telling = 'told' | 'none' | { readonly why: string };

export class RedisTeller {
  readonly #presence: Pick<Presence, 'members' | 'ask'>;
  /** Lives, by their ids; of members that there are. */
  readonly #withoutRedis = new Map<string, { readonly incarnation: number; readonly session: number }>();
  /** Some node has said that it shares, or that it does not. */
  #isShared = false;
  #isUnshared = false;

  constructor(presence: Pick<Presence, 'members' | 'ask'>) {
    this.#presence = presence;
  }

  /** `isThere`: whether there is one; null: nodes know. */
  async tell(entry: Uint8Array, isThere: boolean | null): Promise<Telling> {
    if (isThere === false) return 'none';
    const members = this.#presence.members();
    const ids = new Set(members.map(({ life }) => life.id));
    for (const id of this.#withoutRedis.keys()) if (!ids.has(id)) this.#withoutRedis.delete(id);
    const groups = new Map<number, MemberView[]>();
    for (const member of members) {
      const { standing, heartbeat } = member;
      if (heartbeat.role !== 'node' || (standing !== 'alive' && standing !== 'suspect')) continue;
      const group = groups.get(heartbeat.snapshotVersion) ?? [];
      group.push(member);
      groups.set(heartbeat.snapshotVersion, group);
    }
    if (groups.size === 0)
      return { why: 'may hold answers of nodes that are not there now, and only a node purges it; try again' };
    const told = await Promise.all([...groups.values()].map((group) => this.#tellBy(group, entry)));
    const untold = told.find((each) => typeof each === 'object');
    if (untold !== undefined) return untold;
    if (told.includes('told')) return 'told';
    return isThere === true ? { why: 'was not told of it: no node that is there shares it' } : 'none';
  }

  /** How many are not asked again; as many as there are members, at most. */
  get unasked(): number {
    return this.#withoutRedis.size;
  }

  async #tellBy(group: readonly MemberView[], entry: Uint8Array): Promise<Telling> {
    let [tries, why] = [0, ''];
    for (const { life } of group) {
      const known = this.#withoutRedis.get(life.id);
      if (known?.incarnation === life.incarnation && known.session === life.session) continue;
      const answer = readShared((await this.#presence.ask(life.id, SHARED_QUESTION, entry, ASK_WITHIN_MS)) ?? noAnswer);
      if (answer === 'told' || answer === 'untold') this.#isShared = true;
      if (answer === 'told') return answer;
      if (answer === 'none') {
        this.#isUnshared = true;
        this.#withoutRedis.set(life.id, life);
        continue;
      }
      why = `has not confirmed it: node ${life.id} ${answer === null ? 'does not answer' : (reasons[answer] ?? answer)}`;
      tries += 1;
      if (tries === TRIES) break;
    }
    return why !== '' && (this.#isShared || !this.#isUnshared) ? { why } : 'none';
  }
}

const noAnswer = new Uint8Array();
const reasons: Readonly<Record<string, string>> = {
  untold: 'can’t reach it; it is told as soon as it answers',
  refused: 'does not know the key of this control',
};
