// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { expect, it } from 'vitest';
import { COMPATIBLE, factsOf, keyExample, providerFacts, providerKinds, usualUrl } from './providers.js';

it('at least thirty providers are known by name, each once', () => {
  expect(providerKinds.length).toBeGreaterThanOrEqual(40);
  expect(new Set(providerKinds).size).toBe(providerKinds.length);
  expect(providerKinds).toEqual(
    expect.arrayContaining([
      ...['openai', 'azure-openai', 'anthropic', 'gemini', 'vertex', 'bedrock', 'mistral', 'cohere', 'ollama'],
      ...['groq', 'together', 'fireworks', 'deepseek', 'xai', 'openrouter', 'perplexity', 'cerebras', 'nvidia-nim'],
      ...['huggingface', 'vllm', 'sglang', 'llama-cpp', 'lm-studio', 'moonshot', 'qwen', 'zhipu', 'compatible'],
    ]),
  );
  expect(factsOf('nobody')).toBeNull();
  expect(factsOf('toString')).toBeNull();
});

it.each(providerFacts.filter(({ kind }) => kind !== COMPATIBLE))(
  '$kind has a URL as soon as the settings in it are known',
  (facts) => {
    const required = facts.settings.filter(({ need }) => need !== 'never').map(({ name }) => name);
    const url = usualUrl(facts, Object.fromEntries(required.map((name) => [name, 'a b'])));
    expect(url).toMatch(/^https?:\/\/[a-z0-9.%-]+(:\d+)?(\/[A-Za-z0-9._%-]+)*$/);
    expect(new URL(url?.replace('%20', 'x') ?? '').search).toBe('');
    for (const name of required.filter((each) => facts.url?.includes(`{${each}}`))) {
      const others = required.filter((each) => each !== name).map((each) => [each, 'x']);
      expect(usualUrl(facts, Object.fromEntries(others))).toBeNull();
    }
  },
);

it('only servers of one’s own are asked in plain text, and they want no key', () => {
  for (const facts of providerFacts) {
    const isLocal = facts.url?.startsWith('http://') ?? false;
    expect(isLocal).toBe(facts.url !== null && new URL(facts.url.replace(/\{\w+\}/g, 'x')).hostname === '127.0.0.1');
    if (facts.kind !== COMPATIBLE) expect(facts.keyVariables.length === 0).toBe(isLocal);
  }
});

it('Vertex AI lies elsewhere for each location', () => {
  const vertex = factsOf('vertex');
  const at = (settings: Record<string, string>) => vertex && usualUrl(vertex, settings);
  expect(at({})).toBe('https://aiplatform.googleapis.com/v1');
  expect(at({ location: 'global' })).toBe('https://aiplatform.googleapis.com/v1');
  expect(at({ location: 'europe-west4' })).toBe('https://europe-west4-aiplatform.googleapis.com/v1');
});

it('a key of several parts is written with colons', () => {
  const example = (kind: string) => providerFacts.filter((facts) => facts.kind === kind).map(keyExample);
  expect(example('openai')).toEqual(['${OPENAI_API_KEY}']);
  expect(example('bedrock')).toEqual(['${AWS_ACCESS_KEY_ID}:${AWS_SECRET_ACCESS_KEY}']);
});
