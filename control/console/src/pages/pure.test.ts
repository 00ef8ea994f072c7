import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configuredIn } from './configured.js';
import { idOf } from './id-of.js';
import { firstDesign } from './new-service-orders.js';

describe('ids', () => {
  it('are made of any name, and are ids or nothing', () => {
    expect(['Shop & more', 'Überfällig!', '---'].map(idOf)).toEqual(['shop-more', 'uberfallig', '']);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 90 }), (name) => {
        expect(idOf(name)).toMatch(/^([a-z0-9][a-z0-9-]{0,62})?$/);
      }),
    );
  });
});

describe('a new service', () => {
  it('begins with one route to what was named', () => {
    expect(firstDesign(' http://a:1 ')).toMatchObject({
      upstreams: [{ id: 'server', targets: ['http://a:1'] }],
      routes: [{ match: '/*', upstream: 'server' }],
    });
  });
});

describe('what a configuration says', () => {
  it('is read in each of its forms', () => {
    const text = `
gateway: { limits: 1000/s }
routes:
  - { id: a, match: /a, limits: [{ rate: 10/s, by: address }, 5/m] }
  - { id: b, match: /b, ai: { limits: { tokens: 100000/minute, by: consumer } } }
ai:
  limits: [{ cost: 20/day, by: team }]
  providers: { openai: { keys: [one, two] } }
  models: [{ id: fast, targets: [openai/small] }]
  prompts: { greet: {} }
`;
    expect(configuredIn(text)).toEqual({
      limits: [
        { at: 'gateway', limit: '1000/s' },
        { at: 'a', limit: 'rate 10/s, by address' },
        { at: 'a', limit: '5/m' },
      ],
      providers: [{ id: 'openai', kind: 'openai', keys: 2 }],
      models: [{ id: 'fast', targets: 'openai/small' }],
      prompts: ['greet'],
      budgets: [
        { at: 'all', limit: 'cost 20/day, by team' },
        { at: 'b', limit: 'tokens 100000/minute, by consumer' },
      ],
    });
  });

  it('is nothing where it can’t be read', () => {
    expect(configuredIn('a: [').limits).toEqual([]);
  });
});
