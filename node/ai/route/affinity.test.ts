import type { AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import { inOrder } from '../gateway/candidates.js';
import { KeyPool } from '../gateway/key-pool.js';
import { KeyStanding } from '../gateway/key-standing.js';
import { chat, message, tool } from '../providers/testing/chats.js';
import { affinityOf, drawBy } from './affinity.js';

const random = seededRandom(1);
const session = { kind: 'session', header: 'x-session-id' } as const;
const prefix = { kind: 'prefix' } as const;
const target = (model: string, weight = 1): AiTargetSpec => ({ provider: 'p', model, weight, when: null });
const firstOf = (targets: readonly AiTargetSpec[], key: number) =>
  inOrder(targets, ({ model }) => drawBy(key, random)(model))[0];

describe('what requests have in common', () => {
  const asked = chat({ messages: [message('system', 'Be brief.'), message('user', 'Hello')] });

  it('is their session, by the first name that they give', () => {
    const of = (headers: readonly string[], more = {}) => affinityOf(session, chat(more), headers);
    const one = of(['x-session-id', 'a']);
    expect(of(['x-session-id', 'a'], { user: 'u', messages: [message('user', 'Else')] })).toBe(one);
    expect(of([], { extra: { prompt_cache_key: 'a' }, user: 'u' })).toBe(one);
    expect(of([], { user: 'a' })).toBe(one);
    expect(of(['x-session-id', 'b'])).not.toBe(one);
    expect(of([], { user: '' })).toBe(affinityOf(prefix, chat(), []));
  });

  it('is what a conversation begins with, however it goes on', () => {
    const one = affinityOf(prefix, asked, []);
    const later = { ...asked, messages: [...asked.messages, message('assistant', 'Hi'), message('user', 'And?')] };
    expect(affinityOf(prefix, later, [])).toBe(one);
    for (const other of [
      { ...asked, tools: [tool('weather')] },
      { ...asked, messages: [message('system', 'Be long.'), message('user', 'Hello')] },
      { ...asked, messages: [message('system', 'Be brief.'), message('user', 'Bye')] },
    ])
      expect(affinityOf(prefix, other, [])).not.toBe(one);
  });

  it('is nothing where nobody asks for it', () => expect(affinityOf(null, asked, ['x-session-id', 'a'])).toBeNull());
});

describe('a target, and a key', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 8 });

  it('is the same for the same key, and one that goes takes no others from their place', () => {
    fc.assert(
      fc.property(names, fc.nat(), fc.nat(), (models, key, at) => {
        const targets = models.map((model) => target(model));
        const first = firstOf(targets, key);
        expect(firstOf([...targets].reverse(), key)).toBe(first);
        const gone = targets[at % targets.length];
        const left = targets.filter((one) => one !== gone);
        if (gone !== first) expect(firstOf(left, key)).toBe(first);
      }),
    );
  });

  it('has a share of the keys that is its weight', () => {
    let heavy = 0;
    for (let key = 0; key < 4_000; key += 1)
      if (
        firstOf([target('a', 3), target('b')], affinityOf(session, chat({ user: `u${key}` }), []) ?? 0)?.model === 'a'
      )
        heavy += 1;
    expect(heavy / 4_000).toBeGreaterThan(0.72);
    expect(heavy / 4_000).toBeLessThan(0.78);
  });

  it('gives way when it is out, and is back when it is well', () => {
    const keys = ['k1', 'k2', 'k3'].map((id) => ({ id, weight: 1, standing: new KeyStanding() }));
    const pool = new KeyPool(keys);
    const pick = (nowMs: number) => pool.pick('m', new Set(), nowMs, ({ id }) => drawBy(5, random)(id));
    const first = pick(0);
    if (first === null) throw new Error('there is one');
    first.standing.end(first.standing.begin('m'), 'limited', 1_000, 0);
    const second = pick(1);
    expect(second).not.toBe(first);
    expect([pick(2), pick(999), pick(1_001)]).toEqual([second, second, first]);
  });
});
