/** What docs/ai-operations.md says of providers is what nodes have. */
import { readFileSync } from 'node:fs';
import { providerKinds, providerOf } from '@weir/node/ai/providers/registry.js';
import { expect, it } from 'vitest';

const names = [
  'embeddings',
  'images',
  'imageEdits',
  'speech',
  'transcriptions',
  'moderations',
  'rerank',
  'countTokens',
] as const;

it('the table of operations is that of the translators', () => {
  const text = readFileSync(new URL('../../../docs/ai-operations.md', import.meta.url), 'utf8');
  const told = text.split('\n').filter((line) => /^\| `[a-z0-9-]+` \|.*\| (?:yes|estimate) \|$/.test(line));
  const rows = [...providerKinds()].sort().flatMap((kind) => {
    const { operations = {} } = providerOf(kind) ?? {};
    const has = names.map((name) => {
      if (operations[name] !== undefined) return 'yes';
      return name === 'countTokens' ? 'estimate' : '';
    });
    return has.includes('yes') ? [`| \`${kind}\` | ${has.join(' | ')} |`] : [];
  });
  expect(told).toEqual(rows);
});
