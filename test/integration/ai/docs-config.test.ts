/** What docs/ai.md and its pages show is what a config may say, without a warning, and its tables have every setting. */
import { readFileSync } from 'node:fs';
import { checkConfig } from '@weir/control/publish/check-config.js';
import { compileSnapshot } from '@weir/control/publish/compile.js';
import { sha256Hex } from '@weir/control/publish/credential-hashes.js';
import { aiConditions } from '@weir/proto/snapshot/ai.js';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const page = readFileSync(new URL('../../../docs/ai.md', import.meta.url), 'utf8');
const schema = JSON.parse(readFileSync(new URL('../../../proto/config/weir.schema.json', import.meta.url), 'utf8'));
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text);

function compile(text: string) {
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name);
  const environment = Object.fromEntries(names.map((name) => [name, `value-of-${name}`]));
  const checked = checkConfig(text, environment, sha256Hex);
  expect(checked.ok ? checked.warnings : checked.faults).toEqual([]);
  if (!checked.ok) throw new Error('it has faults');
  const made = { version: 1, createdWallMs: 0, sha256Hex, hashPassword: () => 'scrypt' };
  return compileSnapshot(checked.config, { ...made, environment });
}

it('the first call needs a config of two lines', () => {
  const text = blocks[0]?.replace(/^ {3}/gm, '') ?? '';
  expect(text.trim().split('\n')).toHaveLength(2);
  const { ai, routes } = compile(text);
  expect(ai?.providers[0]?.id).toBe('openai');
  expect(routes[0]?.action.kind).toBe('ai');
});

it('providers, names and routes of the page are one config', () => {
  const [providers, models, routes] = blocks.slice(1).map((block) => parse(block));
  // The fallbacks of the page name a provider that its list leaves out, for brevity.
  const gemini = { id: 'gemini', keys: `\${GEMINI_API_KEY}` };
  const ai = { providers: [...providers.ai.providers, gemini], models: models.ai.models };
  const consumers = [{ id: 'app', keys: `\${APP_KEY}` }];
  const { ai: compiled } = compile(JSON.stringify({ ai, ...routes, consumers }));
  expect(compiled?.models.map(({ id }) => id)).toEqual(['fast', 'smart']);
  expect(compiled?.providers.map(({ kind }) => kind)).toEqual(['openai', 'azure-openai', 'compatible', 'gemini']);
});

it('what the page about routing shows can be said as it is', () => {
  const routing = readFileSync(new URL('../../../docs/ai-routing.md', import.meta.url), 'utf8');
  const [models, ...routes] = [...routing.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => parse(text));
  expect(routes).toHaveLength(2);
  const provider = (id: string, more = {}) => ({ id, keys: `\${${id.replace('-', '_').toUpperCase()}_KEY}`, ...more });
  const providers = [
    provider('openai'),
    provider('azure', { kind: 'azure-openai', settings: { resource: 'a' } }),
    provider('gemini'),
  ];
  const auth = { apiKey: { in: 'bearer' } };
  for (const { routes: shown } of routes) {
    const config = {
      ai: { providers, models: models.ai.models },
      routes: shown.map((route: object) => ({ ...route, auth })),
      consumers: [{ id: 'app', keys: `\${APP_KEY}` }],
    };
    expect(compile(JSON.stringify(config)).ai?.models[0]?.choice).toMatchObject({ affinity: { kind: 'prefix' } });
  }
  const fields = Object.keys(schema.properties.routes.items.properties.ai.anyOf?.at(-1)?.properties ?? {});
  expect(fields).toEqual(expect.arrayContaining(['hedge', 'resume']));
  for (const name of ['balance', 'affinity', 'fits', 'after', 'budget', 'floor'])
    expect(routing).toContain(`| \`${name}\` |`);
});

it('its tables name every field of a provider and of an AI route, and every condition', () => {
  const fieldsAt = (node: unknown): string[] => {
    const { anyOf = [], properties = {}, items } = node as { anyOf?: unknown[]; properties?: object; items?: unknown };
    return [...Object.keys(properties), ...anyOf.flatMap(fieldsAt), ...(items === undefined ? [] : fieldsAt(items))];
  };
  const provider = fieldsAt(schema.properties.ai.properties.providers);
  expect(provider.length).toBeGreaterThan(10);
  const route = fieldsAt(schema.properties.routes.items.properties.ai);
  expect(route).toContain('attempts');
  for (const name of provider) expect(page).toMatch(new RegExp(`^\\|.*\`${name}\``, 'm'));
  for (const name of route) expect(page).toContain(`| \`ai.${name}\` |`);
  for (const condition of aiConditions) expect(page).toContain(`| \`${condition}\` |`);
});
