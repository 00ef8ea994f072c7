import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

function warnings(ai: string, route = 'true'): string[] {
  const text = `ai: { providers: { own: { url: "http://10.0.0.1/v1" }, ollama: {} }, ${ai} }\nroutes: [{ match: /v1/*, ai: ${route} }]`;
  const checked = checkConfig(text, {}, (key) => key);
  if (!checked.ok) throw new Error(JSON.stringify(checked.faults));
  return checked.warnings.flatMap(({ path, message }) => (message.includes('costs') ? [path] : []));
}

const MONEY = 'limits: { cost: 20/day }';

describe('a budget of money over a model without a price', () => {
  it.each([
    [`${MONEY}, models: { m: own/x }`, 'true'],
    ['models: { m: own/x }', `{ ${MONEY} }`],
    ['models: { m: own/x, n: ollama/y }', `{ ${MONEY}, models: [m] }`],
    [`${MONEY}, models: { m: own/x }, prices: { own/y: { input: 1, output: 1 } }`, 'true'],
  ])('is warned of: %s, %s', (ai, route) => {
    expect(warnings(ai, route)).toEqual(['ai.models.m']);
  });

  it.each([
    ['models: { m: own/x }', 'true'],
    ['limits: { tokens: 20/day }, models: { m: own/x }', '{ limits: { requests: 5/day } }'],
    [`${MONEY}, models: { m: own/x }, prices: { own/x: { input: 0, output: 0 } }`, 'true'],
    [`${MONEY}, models: { m: ollama/x }`, 'true'],
    [`${MONEY}, models: { m: [own/x, ollama/y] }`, 'true'],
    ['models: { m: own/x, n: ollama/y }', `{ ${MONEY}, models: [n] }`],
  ])('is not where there is none, or one is known: %s, %s', (ai, route) => {
    expect(warnings(ai, route)).toEqual([]);
  });
});
