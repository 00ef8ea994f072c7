/** What docs/ai-prompts.md and docs/ai-guards.md show is what a config may say, without a warning, and their tables have every setting. */
import { readFileSync } from 'node:fs';
import { checkConfig } from '@weir/control/publish/check-config.js';
import { sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { aiPiiKinds, aiVariableTypes } from '@weir/proto/snapshot/ai.js';
import { expect, it } from 'vitest';

const pageOf = (name: string): string => readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8');
const schema = JSON.parse(readFileSync(new URL('../../../proto/config/weir.schema.json', import.meta.url), 'utf8'));
const fieldsOf = (kind: string): string[] =>
  Object.keys(schema.properties.ai.properties[kind].additionalProperties.properties);

it.each(['ai-prompts', 'ai-guards', 'ai-mcp'])('the first config of %s is sound', (name) => {
  const text = /```yaml\n([\s\S]*?)```/.exec(pageOf(name))?.[1] ?? '';
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, variable = '']) => variable);
  const environment = Object.fromEntries(names.map((variable) => [variable, `value-of-${variable}`]));
  const checked = checkConfig(text, environment, sha256Hex);
  expect(checked.ok ? checked.warnings : checked.faults).toEqual([]);
});

it('their tables name every field, type and kind', () => {
  const prompts = pageOf('ai-prompts');
  const inPrompts = [...fieldsOf('prompts'), ...aiVariableTypes];
  expect(inPrompts.filter((name) => !prompts.includes(`\`${name}\``))).toEqual([]);
  const guards = pageOf('ai-guards');
  const inGuards = [...fieldsOf('guards'), ...aiPiiKinds];
  expect(inGuards.filter((name) => !new RegExp(`^\\|.*\`${name}\``, 'm').test(guards))).toEqual([]);
});

it('the page about tools names every field of a route that offers them, and of a tool', () => {
  const fields = schema.properties.routes.items.properties.mcp.anyOf.at(-1).properties;
  const names = [...Object.keys(fields), ...Object.keys(fields.tools.items.properties)];
  expect(names.length).toBeGreaterThan(15);
  const page = pageOf('ai-mcp');
  expect(names.filter((name) => !new RegExp(`^\\|.*\`${name}\``, 'm').test(page))).toEqual([]);
});
