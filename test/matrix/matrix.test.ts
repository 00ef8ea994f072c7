import { readFileSync } from 'node:fs';
import { translatedProviders } from '@weir/node/ai/providers/registry.js';
import { describe, expect, it } from 'vitest';
import { columns } from './cells.js';
import { losses, matrixPage } from './page.js';
import { ways } from './questions.js';
import { shapes } from './shapes.js';

describe('the matrix of formats and providers', () => {
  it('has every provider with translators of its own, in four formats', () => {
    for (const { kind } of translatedProviders) expect(Object.keys(shapes)).toContain(kind);
    expect(ways.map(({ format }) => format.name)).toEqual([
      'openai-chat',
      'openai-responses',
      'anthropic-messages',
      'openai-completions',
    ]);
  });

  it('loses nothing on the way', () => {
    expect(losses()).toEqual([]);
  });

  it('is what docs/ai-matrix.md says; else: npm run matrix', () => {
    expect(matrixPage()).toBe(readFileSync(new URL('../../docs/ai-matrix.md', import.meta.url), 'utf8'));
  });
});

/** A matrix that could not see a loss would be worth nothing. */
describe.each(['anthropic', 'gemini', 'bedrock', 'cohere', 'ollama', 'openai'])('a loss by %s is seen', (kind) => {
  const provider = translatedProviders.find((one) => one.kind === kind);
  const shape = shapes[kind];
  const [way] = ways;
  if (provider === undefined || shape === undefined || way === undefined) throw new Error(`no ${kind}`);
  const kindsWith = (place: { provider?: object; shape?: object }) =>
    columns.map(
      (column) =>
        column.test({ way, provider: { ...provider, ...place.provider }, shape: { ...shape, ...place.shape } }).kind,
    );

  it('of the question', () => {
    const request: typeof provider.request = (chat, at) => ({
      ...provider.request(chat, at),
      body: {},
      unsupported: [],
    });
    expect(new Set(kindsWith({ provider: { request } }))).toEqual(new Set(['lost', 'works']));
    expect(kindsWith({ provider: { request } }).filter((one) => one === 'works')).toHaveLength(2); // ends, error
  });

  it('of the answer', () => {
    const mute = { whole: () => shape.whole({ text: 'else', reasoning: '', calls: [], end: null }) };
    const cells = kindsWith({ shape: mute });
    for (const [index, { title }] of columns.entries())
      if (['plain', 'tools', 'vision'].includes(title)) expect(cells[index]).not.toBe('works');
  });
});
