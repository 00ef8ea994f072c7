/** What control knows of kinds of providers, and what nodes know of them, are two lists: they say the same. */
import { generateKeyPairSync } from 'node:crypto';
import { checkConfig } from '@weir/control/publish/check-config.js';
import { compileSnapshot } from '@weir/control/publish/compile.js';
import { sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { digests } from '@weir/node/ai/aws/digests.js';
import { AiStore } from '@weir/node/ai/gateway/ai-store.js';
import { googleOutside } from '@weir/node/ai/google/outside.js';
import { isTermsFault, readTerms } from '@weir/node/ai/providers/compatible/read-terms.js';
import { refusable, takable } from '@weir/node/ai/providers/compatible/spec.js';
import { isCompatible, providerKinds as nodeKinds, providerOf } from '@weir/node/ai/providers/registry.js';
import { systemClock } from '@weir/node/time/system-clock.js';
import {
  effortWords,
  errorWords,
  finishWords,
  operationWords,
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

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const account = { type: 'service_account', client_email: 'a@p.example', private_key: privateKey };
/** In the form that a signature is made with; to others it is some text. */
const keyOf = (kind: string): string => (kind === 'vertex' ? JSON.stringify(account) : 'id:secret');
const signing = { digests, wallMs: () => 0 };

it.each(providerFacts.filter(({ kind }) => kind !== COMPATIBLE))(
  'a config with a key for $kind is accepted, and nodes can send that key',
  ({ kind, settings }) => {
    const KEY = keyOf(kind);
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
    expect(checked.ok ? [] : checked.faults).toEqual([]);
    expect(() => new AiStore(signing, { google: googleOutside(systemClock) }).compile(ai, () => KEY)).not.toThrow();
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
    streamsImages: true,
    operations: [...operationWords],
    operationPaths: Object.fromEntries(operationWords.map((word) => [word, `/own/${word}`])),
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
