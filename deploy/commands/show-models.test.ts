import { paintFor } from '@weir/control/cli/terminal.js';
import type { ModelCard } from '@weir/node/ai/catalogue/card.js';
import { describe, expect, it } from 'vitest';
import { showModels } from './show-models.js';

const paint = paintFor(false, {});
const card: ModelCard = {
  kind: 'openai',
  name: 'gpt-x',
  title: 'GPT X',
  contextWindow: 1_047_576,
  outputMax: 32_768,
  inputs: ['text', 'image'],
  outputs: ['text'],
  capabilities: ['tools'],
  isDeprecated: false,
  prices: [
    {
      rates: {
        input: { base: 1_250_000, tiers: [{ above: 200_000, rate: 2_500_000 }] },
        output: 10_000_000,
        cachedInput: 37_500,
      },
      fromMs: null,
      daily: null,
    },
  ],
};
const unknown: ModelCard = {
  ...card,
  name: 'old\u001b[31m',
  contextWindow: null,
  outputMax: 900,
  inputs: null,
  capabilities: [],
  isDeprecated: true,
  prices: [],
};

describe('models on a terminal', () => {
  it('stand in columns, with what nobody has said as a dash', () => {
    const [head, first, second] = showModels([card, unknown], 0, paint)
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(head).toEqual(['PROVIDER', 'MODEL', 'WINDOW', 'OUTPUT', 'IN', 'OUT', 'CACHED', 'TAKES', 'CAN']);
    expect(first).toEqual(['openai', 'gpt-x', '1M', '33k', '1.25+', '10', '0.0375', 'text image', 'tools']);
    expect(second).toEqual(['openai', 'old\\x1b[31m (deprecated)', '-', '900', '-', '-', '-', '-', '-']);
  });
});
