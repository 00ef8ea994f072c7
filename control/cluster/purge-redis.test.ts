import type { MemberView } from '@weir/proto/cluster/member.js';
import { encodeShared, readShared, type SharedAnswer, sharedAnswers } from '@weir/proto/events/purge-shared.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RedisTeller } from './purge-redis.js';

const life = (id: string, incarnation = 1) => ({ id, incarnation, session: 1 });

function node(id: string, snapshotVersion = 1, standing: MemberView['standing'] = 'alive'): MemberView {
  const counts = { seq: 1, intervalMs: 1_000, loadPermille: 0, purgeEpoch: 0 };
  const told = { health: 0, rate: 0, latency: 0 };
  const heartbeat = { kind: 'heartbeat', ...life(id), role: 'node', ...counts, snapshotVersion, told } as const;
  return { life: life(id), standing, sinceMs: 0, lastHeardMs: 0, heartbeat };
}

/** `says`: what each node answers; null: nothing. */
function teller(members: readonly MemberView[], says: Readonly<Record<string, SharedAnswer | null>>) {
  const asked: string[] = [];
  const redis = new RedisTeller({
    members: () => members,
    async ask(id) {
      asked.push(id);
      const answer = says[id] ?? null;
      return answer === null ? null : encodeShared(answer);
    },
  });
  return { asked, tell: (isThere: boolean | null = null) => redis.tell(new Uint8Array(), isThere) };
}

it('one node tells it, and one more for each other config that is in force', async () => {
  const all = [node('a'), node('b'), node('c', 2), node('d', 2, 'dead')];
  const { asked, tell } = teller(all, { a: 'told', b: 'told', c: 'told' });
  expect(await tell()).toBe('told');
  expect(asked.sort()).toEqual(['a', 'c']);
});

it('another one is asked where one can’t tell it, and it is said when none can', async () => {
  const two = teller([node('a'), node('b')], { a: 'untold', b: 'told' });
  expect(await two.tell()).toBe('told');
  const none = teller([node('a'), node('b')], { a: 'untold', b: null });
  expect(await none.tell()).toEqual({ why: 'has not confirmed it: node b does not answer' });
});

it('nodes that share nothing are asked once', async () => {
  const { asked, tell } = teller([node('a'), node('b')], { a: 'none', b: 'none' });
  expect([await tell(), await tell()]).toEqual(['none', 'none']);
  expect(asked).toEqual(['a', 'b']);
  expect(await tell(true)).toEqual({ why: expect.stringContaining('no node that is there shares it') });
});

it('what is known of nodes goes with them, but for that nodes of this cluster share nothing', async () => {
  let members = Array.from({ length: 50 }, (_, at) => node(`gone${at}`));
  const redis = new RedisTeller({
    members: () => members,
    ask: async (id) => (id.startsWith('gone') ? encodeShared('none') : null),
  });
  expect([await redis.tell(new Uint8Array(), null), redis.unasked]).toEqual(['none', 50]);
  members = [node('silent')];
  expect([await redis.tell(new Uint8Array(), null), redis.unasked]).toEqual(['none', 0]);
});

it('who is silent is the one that shares only where somebody shares', async () => {
  const alike = teller([node('a'), node('b')], { a: 'none', b: null });
  expect(await alike.tell()).toBe('none');
  const reversed = teller([node('b'), node('a')], { a: 'none', b: null });
  expect(await reversed.tell()).toBe('none');
  expect(await teller([node('b')], { b: null }).tell()).toEqual({ why: expect.stringContaining('does not answer') });
});

it('without any node it can’t be told, unless it is known that there is none', async () => {
  expect(await teller([], {}).tell()).toEqual({ why: expect.stringContaining('only a node purges it') });
  expect(await teller([], {}).tell(false)).toBe('none');
});

it('answers are read as they were written, and nothing else is', () => {
  for (const answer of sharedAnswers) expect(readShared(encodeShared(answer))).toBe(answer);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), (bytes) => {
      const isOne = bytes.length === 2 && bytes[0] === 1 && (bytes[1] ?? 9) < sharedAnswers.length;
      expect(readShared(bytes) !== null).toBe(isOne);
    }),
  );
});
