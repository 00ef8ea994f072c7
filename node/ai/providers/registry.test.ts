import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isProviderError } from '../provider.js';
import { compatibleRows, specOf } from './compatible/table.js';
import { isCompatible, providerKinds, providerOf, requiredSettings, translatedProviders } from './registry.js';
import { chatOf, placeOf, readStream } from './testing/openai-chats.js';

describe('the registry', () => {
  it('is the table of docs/ai-providers.md', () => {
    const page = readFileSync(new URL('../../../docs/ai-providers.md', import.meta.url), 'utf8');
    const own = [...translatedProviders.map(({ kind }) => kind), ...compatibleRows.map(({ id }) => id)];
    for (const kind of own) {
      const provider = providerOf(kind);
      const where = provider?.defaultUrl == null ? 'the config says' : `\`${provider.defaultUrl}\``;
      expect(page).toContain(`| \`${kind}\` | ${provider?.title} | ${where} |`);
    }
  });

  it('knows at least thirty providers, each by one name', () => {
    const kinds = providerKinds();
    expect(kinds.length).toBeGreaterThanOrEqual(36);
    expect(new Set(kinds).size).toBe(kinds.length);
    for (const kind of kinds) expect(providerOf(kind)?.kind).toBe(kind);
    expect(providerOf('nobody')).toBeNull();
  });

  it('takes a provider that it does not know from the config alone', () => {
    const provider = providerOf('compatible', {
      title: 'Mine',
      defaultUrl: 'https://llm.example/api',
      chatPath: '/{team}/chat',
      settings: ['team'],
      refuses: ['seed'],
      names: { stop: 'stop_words' },
      finishWords: { finished: 'stop' },
      credential: { kind: 'header', name: 'x-key', prefix: 'Key ' },
    });
    const asked = provider?.request(
      chatOf({ seed: 1, stop: ['x'] }),
      placeOf({ basePath: '/api', settings: { team: 'a' } }),
    );
    expect(asked).toMatchObject({ path: '/api/a/chat', body: { stop_words: ['x'] }, unsupported: [{ field: 'seed' }] });
    expect(provider?.credential).toEqual({ kind: 'header', name: 'x-key', prefix: 'Key ' });
    expect(requiredSettings('compatible', { settings: ['team'] })).toEqual(['team']);
    const chunk = { id: 'a', choices: [{ index: 0, delta: { content: 'b' }, finish_reason: 'finished' }] };
    expect(provider && readStream(provider, [chunk]).at(-1)).toMatchObject({ finish: { reason: 'stop' } });
  });

  it('lets the config mend a row that it knows', () => {
    const groq = providerOf('groq', { refuses: [] });
    expect(groq?.request(chatOf({ logitBias: { '5': 1 } }), placeOf()).unsupported).toEqual([]);
    expect(providerOf('groq')?.request(chatOf({ logitBias: { '5': 1 } }), placeOf()).unsupported).toHaveLength(1);
    expect(groq?.title).toBe('Groq');
    expect(isCompatible('cohere')).toBe(false);
  });
});

describe.each(compatibleRows.map((row) => [row.id, row] as const))('the row of %s', (id, row) => {
  it('is data: JSON gives it back unchanged, and every word of it once', () => {
    expect(JSON.parse(JSON.stringify(row))).toEqual(row);
    for (const list of [row.refuses ?? [], row.takes ?? [], row.settings ?? []]) {
      expect(new Set(list).size).toBe(list.length);
    }
  });

  it('has a URL without a slash at its end, and a setting for each of its gaps', () => {
    const url = new URL(row.defaultUrl ?? '');
    expect(row.defaultUrl).not.toMatch(/\/$/);
    expect(url.protocol).toMatch(/^https?:$/);
    const gaps = [...`${row.defaultUrl}${row.chatPath ?? ''}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(gaps).toEqual(row.settings ?? []);
    const place = placeOf({ basePath: url.pathname.replace(/\/$/, ''), settings: { accountId: 'acc' } });
    expect(providerOf(id)?.request(chatOf(), place).path).toMatch(/^\/[\w/.-]*chat\/completions$/);
  });

  it('carries the plainest chat whole, also as a stream', () => {
    const provider = providerOf(id);
    for (const isStream of [false, true]) {
      const asked = provider?.request(chatOf({ isStream, maxTokens: 5, temperature: 0.5 }), placeOf());
      expect(asked?.unsupported).toEqual([]);
      expect(asked?.body).toMatchObject({
        model: 'm',
        messages: [{ role: 'user', content: 'hello' }],
        temperature: 0.5,
      });
      expect(asked?.body['stream']).toBe(isStream ? true : undefined);
    }
  });

  it('understands each word that it names', () => {
    const provider = providerOf(id);
    for (const [word, reason] of Object.entries(row.finishWords ?? {})) {
      const answer = provider?.answer({ choices: [{ message: { content: 'a' }, finish_reason: word }] });
      expect(answer).toMatchObject({ choices: [{ finish: { reason, native: word } }] });
    }
    for (const [word, kind] of Object.entries(row.finishErrors ?? {})) {
      const answer = provider?.answer({ choices: [{ message: { content: 'a' }, finish_reason: word }] });
      expect(answer && isProviderError(answer) && answer.kind).toBe(kind);
    }
    for (const [code, kind] of Object.entries(row.errorKinds ?? {})) {
      const error = provider?.error(400, [], JSON.stringify({ error: { code, message: 'm' } }));
      expect(error?.kind).toBe(kind === 'invalidRequest' ? 'invalidRequest' : kind);
    }
  });
});

it('a spec has a title, whoever it is of', () => {
  expect(specOf('compatible').title).toBe('compatible');
});
