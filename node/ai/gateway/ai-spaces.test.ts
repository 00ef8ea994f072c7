import type { AiModelSpec, AiProviderSpec, AiSpec } from '@weir/proto/snapshot/ai.js';
import { describe, expect, it } from 'vitest';
import type { GoogleOutside } from '../google/access-tokens.js';
import { AiStore } from './ai-store.js';
import { targetsOf } from './candidates.js';
import type { Signing } from './credential.js';

const provider = (id: string, more: Partial<AiProviderSpec> = {}): AiProviderSpec => ({
  ...{ id, kind: 'openai', upstream: `ai-${id}`, basePath: '/v1', settings: {}, compatible: null },
  keys: [{ id: 'KEY', secret: `\${${id}}`, weight: 1 }],
  ...more,
});
const team = (id: string, more: Partial<AiProviderSpec> = {}) => provider(id, { isManaged: true, ...more });
const model = (id: string, ...providers: readonly string[]): AiModelSpec => ({
  id,
  label: `desk/${id}`,
  targets: providers.map((one) => ({ provider: one, model: 'big', weight: 1, when: null })),
});
const nothing = { prompts: [], guards: [] };
const spec = (
  providers: readonly AiProviderSpec[],
  models: readonly AiModelSpec[] = [model('smart', 'desk.mine')],
): AiSpec => ({
  ...{
    providers: [provider('house'), ...providers],
    models: [model('fast', 'house'), model('slow', 'house')],
    ...nothing,
  },
  spaces: [{ id: 'desk@1', providers: { mine: 'desk.mine' }, models, uses: ['fast'], ...nothing }],
});

const signing: Signing = { digests: { sha256: () => '', hmacSha256: () => new Uint8Array() }, wallMs: () => 0 };
const compiled = (one: AiSpec, reveal: (text: string) => string = () => 'sk-1') => {
  const ai = new AiStore(signing).compile(one, reveal);
  const space = ai?.spaces.get('desk@1');
  if (!ai || !space) throw new Error('there is a space');
  const of = (view: typeof ai) => (name: string) =>
    targetsOf(name, { models: view.models, providers: view.providerNames, allowed: new Set() })?.map(
      (target) => `${target.provider}/${target.model}`,
    ) ?? null;
  return { ai, space, outside: of(ai), inside: of(space) };
};

describe('a space', () => {
  it('knows its own names, and of the operator’s what it uses; nobody else knows those', () => {
    const { ai, space, inside, outside } = compiled(spec([team('desk.mine'), team('shop.mine')]));
    expect(['smart', 'mine/x', 'fast'].map(inside)).toEqual([['desk.mine/big'], ['desk.mine/x'], ['house/big']]);
    expect(['slow', 'house/x', 'shop.mine/x', 'desk.mine/x'].map(inside)).toEqual([null, null, null, null]);
    expect([...space.providers.keys()].sort()).toEqual(['desk.mine', 'house']);
    expect(['smart', 'mine/x', 'desk.mine/x', 'shop.mine/x'].map(outside)).toEqual([null, null, null, null]);
    expect(outside('house/x')).toEqual(['house/x']);
    expect([...ai.providers.keys()]).toEqual(['house']);
  });

  it('whose key is none is refused by its provider, and takes nothing else with it', () => {
    const reveal = (text: string): string => {
      if (text === `\${desk.mine}`) throw new Error('the environment has no such secret');
      return text === `\${shop.mine}` ? 'sk\n1' : 'sk-1';
    };
    const { ai, inside } = compiled(spec([team('desk.mine'), team('shop.mine')]), reveal);
    expect(inside('smart')).toEqual(['desk.mine/big']);
    for (const id of ['desk.mine', 'shop.mine'])
      expect(ai.everyProvider.get(id)?.pool.keys.map(({ fields }) => fields({} as never))).toEqual([[]]);
    expect(() => compiled(spec([provider('other')]), () => 'sk\n1')).toThrow('a key of the AI provider');
  });

  it('has no model whose provider no node can ask, and one less target where another is left', () => {
    const models = [model('smart', 'desk.mine'), model('both', 'desk.mine', 'house')];
    const { inside } = compiled(spec([team('desk.mine', { kind: 'nobody' })], models));
    expect([inside('smart'), inside('mine/x'), inside('both')]).toEqual([null, null, ['house/big']]);
    expect(() => compiled(spec([provider('other', { kind: 'nobody' })]))).toThrow('of a kind that nobody knows');
  });

  it('takes a service account for what it says, but where its tokens are asked for', () => {
    const file = (tokenUri: string): string =>
      JSON.stringify({ type: 'service_account', client_email: 'a@b', private_key: 'x', token_uri: tokenUri });
    const google: GoogleOutside = {
      nowMs: () => 0,
      wallMs: () => 0,
      signer: () => () => new Uint8Array(),
      exchange: async () => null,
    };
    const vertex = { kind: 'vertex', settings: { project: 'p' } };
    const hasTokens = (tokenUri: string, of = team): boolean => {
      const own = new AiStore(signing, { google });
      const reveal = (text: string) => (text === `\${desk.mine}` ? file(tokenUri) : 'sk-1');
      const keys = own.compile(spec([of('desk.mine', vertex)]), reveal)?.everyProvider.get('desk.mine')?.pool.keys;
      return keys?.every(({ tokens }) => tokens !== null) === true;
    };
    expect(hasTokens('https://oauth2.googleapis.com/token')).toBe(true);
    expect(hasTokens('http://127.0.0.1:9/token')).toBe(false);
    expect(hasTokens('https://169.254.169.254/token')).toBe(false);
    expect(hasTokens('http://127.0.0.1:9/token', provider)).toBe(true);
  });
});
