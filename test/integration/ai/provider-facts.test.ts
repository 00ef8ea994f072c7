/** What control knows of kinds of providers, and what nodes know of them, are two lists: they say the same. */
import { checkConfig } from '@weir/control/publish/check-config.js';
import { compileSnapshot } from '@weir/control/publish/compile.js';
import { sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { digests } from '@weir/node/ai/aws/digests.js';
import { AiStore } from '@weir/node/ai/gateway/ai-store.js';
import { isTermsFault, readTerms } from '@weir/node/ai/providers/compatible/read-terms.js';
import { refusable, takable } from '@weir/node/ai/providers/compatible/spec.js';
import { isCompatible, providerKinds as nodeKinds, providerOf } from '@weir/node/ai/providers/registry.js';
import {
  effortWords,
  errorWords,
  finishWords,
  refusableWords,
  takableWords,
  toggleWords,
} from '@weir/proto/ai/compatible-words.js';
import { COMPATIBLE, providerFacts, providerKinds } from '@weir/proto/ai/providers.js';
import { parseConfig } from '@weir/proto/config/parse.js';
import { expect, it } from 'vitest';

it('a config may name each kind that nodes have translators for, and no other', () => {
  expect([...providerKinds].sort()).toEqual([...nodeKinds()].sort());
});

it.each(providerFacts)(
  '$kind is called, lies and is told in words as nodes have it',
  ({ kind, title, url, isCompatible: can }) => {
    const provider = providerOf(kind);
    expect(can).toBe(isCompatible(kind));
    if (kind === COMPATIBLE) return;
    expect(provider?.title).toBe(title);
    // Where the address depends on a setting, nodes leave it to the config.
    if (provider?.defaultUrl !== null) expect(provider?.defaultUrl).toBe(url);
  },
);

/** In the form that a signature is made with; to all others it is some text. */
const KEY = 'id:secret';
const signing = { digests, wallMs: () => 0 };

it.each(providerFacts.filter(({ kind }) => kind !== COMPATIBLE))(
  'a config with a key for $kind is accepted where nodes can send that key, and only there',
  ({ kind, settings }) => {
    const provider = {
      id: 'x',
      kind,
      keys: `\${KEY}`,
      settings: Object.fromEntries(settings.map(({ name }) => [name, 'x'])),
    };
    const text = JSON.stringify({ ai: { providers: [provider] }, routes: [{ match: '/v1/*', ai: true }] });
    const checked = checkConfig(text, { KEY }, sha256Hex);
    const { config } = parseConfig(text, { KEY });
    if (config === null) throw new Error('it has faults');
    const made = { environment: {}, version: 1, createdWallMs: 0, sha256Hex, hashPassword: () => 'scrypt' };
    const { ai } = compileSnapshot(config, made);
    const taken = () => new AiStore(signing).compile(ai, () => KEY);
    if (checked.ok) expect(taken).not.toThrow();
    else expect(taken).toThrow("which this version can't make");
  },
);

it('a key is asked for where nodes send one', () => {
  for (const { kind, keyVariables } of providerFacts) {
    const credential = providerOf(kind)?.credential.kind;
    if (keyVariables.length > 0) expect([kind, credential]).not.toEqual([kind, 'none']);
    if (keyVariables.length > 1) expect(credential).toBe('sigv4');
  }
});

it('the words of a compatible provider are those that nodes know', () => {
  expect([...refusableWords].sort()).toEqual([...refusable].sort());
  expect([...takableWords].sort()).toEqual([...takable].sort());
  const each = (words: readonly string[]) => Object.fromEntries(words.map((word, index) => [`w${index}`, word]));
  const compatible = {
    ...{ title: 'Own', chatPath: '/{team}/chat', credential: { header: 'X-Key', prefix: 'Key ' } },
    ...{
      refuses: [...refusableWords],
      takes: [...takableWords],
      names: { a: 'b' },
      maxTokens: 'max_completion_tokens',
    },
    ...{ streamUsage: 'unasked', finishWords: each(finishWords), finishErrors: each(errorWords) },
    errorKinds: each(errorWords),
  };
  for (const toggle of toggleWords)
    for (const back of ['reasoning_content', 'reasoning']) {
      const reasoning = { efforts: [...effortWords], toggle, budget: 'budget', isHidden: true, back };
      const ai = {
        providers: [{ id: 'own', url: 'https://llm.example/v1', compatible: { ...compatible, reasoning } }],
      };
      const { config, faults } = parseConfig(JSON.stringify({ ai, routes: [{ match: '/v1/*', ai: true }] }), {});
      expect(faults).toEqual([]);
      const read = readTerms(config?.ai?.providers[0]?.compatible);
      expect([read, isTermsFault(read)]).toEqual([config?.ai?.providers[0]?.compatible, false]);
    }
});
