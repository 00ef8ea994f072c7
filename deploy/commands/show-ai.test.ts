import { paintFor } from '@weir/control/cli/terminal.js';
import { providerFacts } from '@weir/proto/ai/providers.js';
import { expect, it } from 'vitest';
import { showKinds, showNames, showProviders } from './show-ai.js';

const paint = paintFor(false, {});
const rowsOf = (text: string): string[][] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));

it('each kind of provider has a line: where it lies, its key, its settings', () => {
  const rows = rowsOf(showKinds(providerFacts, paint));
  expect(rows).toHaveLength(providerFacts.length + 1);
  expect(rows[1]).toEqual(['openai', 'OpenAI', 'https://api.openai.com/v1', `\${OPENAI_API_KEY}`, '-']);
  expect(rows).toContainEqual([
    ...['azure-openai', 'Azure OpenAI', 'https://{resource}.openai.azure.com', `\${AZURE_OPENAI_API_KEY}`],
    'resource [apiVersion]',
  ]);
  expect(rows).toContainEqual(['compatible', 'OpenAI-compatible', 'the config says', '-', '-']);
});

it('a provider of a config is told with its URLs and the names of its keys, and no key', () => {
  const target = { scheme: 'https', id: 'a:443' } as const;
  const provider = {
    ...{ id: 'mine', kind: 'groq', upstream: 'ai-mine', basePath: '/v1', settings: {}, compatible: null },
    keys: [
      { id: 'ONE', secret: `sk-\${ONE}`, weight: 1 },
      { id: 'TWO', secret: `sk-\${TWO}`, weight: 3 },
    ],
  };
  const upstreams = [{ id: 'ai-mine', targets: [target, { ...target, id: 'b:443' }] }] as never;
  const text = showProviders({ providers: [provider], models: [], upstreams }, paint);
  expect(rowsOf(text)[1]).toEqual(['mine', 'groq', 'https://a:443/v1 https://b:443/v1', 'ONE TWO (3)']);
  expect(text).not.toContain('sk-');
});

it('a name of one’s own is told with shares, and with what follows a failure', () => {
  const models = [
    { id: 'fast', targets: [{ provider: 'p', model: 'm', weight: 1, when: null }] },
    {
      id: 'smart\u001b[2J',
      targets: [
        { provider: 'p', model: 'a', weight: 2, when: null },
        { provider: 'q', model: 'b', weight: 1, when: null },
        { provider: 'q', model: 'c', weight: 1, when: ['timeout', 'error'] as const },
      ],
    },
  ];
  expect(rowsOf(showNames(models, paint)).slice(1)).toEqual([
    ['fast', 'p/m', '-'],
    ['smart\\x1b[2J', 'p/a 67% + q/b 33%', 'q/c (timeout, error)'],
  ]);
});
