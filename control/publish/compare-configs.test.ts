import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareConfigs } from './compare-configs.js';
import { lineDiff, wholeDiff } from './line-diff.js';

const base = `version: 1
gateway: { listen: 127.0.0.1:1 }
upstreams:
  - id: app
    targets: [http://127.0.0.1:9000]
routes:
  - { id: all, match: /*, upstream: app }
  - { match: { path: /b, methods: [GET] }, upstream: app }
consumers:
  - { id: ann, keys: ["\${ANN_KEY}"] }
`;

describe('two configs', () => {
  it('are told apart by entity, with the lines', () => {
    const after = base
      .replace('http://127.0.0.1:9000', 'http://127.0.0.1:9001')
      .replace('  - { id: all, match: /*, upstream: app }\n', '')
      .replace('consumers:', '  - { id: new, match: /new, upstream: app }\nconsumers:')
      .replace('127.0.0.1:1 ', '127.0.0.1:2 ');
    expect(compareConfigs(base, after)).toEqual({
      isSame: false,
      changes: [
        {
          kind: 'gateway',
          name: 'gateway',
          change: 'changed',
          lines: ['- listen: 127.0.0.1:1', '+ listen: 127.0.0.1:2'],
        },
        {
          ...{ kind: 'upstream', name: 'app', change: 'changed' },
          lines: ['  id: app', '  targets:', '-   - http://127.0.0.1:9000', '+   - http://127.0.0.1:9001'],
        },
        { kind: 'route', name: 'new', change: 'added', lines: ['+ id: new', '+ match: /new', '+ upstream: app'] },
        { kind: 'route', name: 'all', change: 'removed', lines: ['- id: all', '- match: /*', '- upstream: app'] },
      ],
    });
  });

  it('differ in no entity where comments, order and layout differ', () => {
    const after = `# why\n${base.replace('{ id: all, match: /*, upstream: app }', '\n      id: all\n      match: /*\n      upstream: app')}`;
    expect(compareConfigs(base, after)).toEqual({ changes: [], isSame: false });
    expect(compareConfigs(base, base)).toEqual({ changes: [], isSame: true });
  });

  it('keep references, and know what has no id by what it matches or asks', () => {
    const { changes } = compareConfigs(null, base);
    expect(changes.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      ...['gateway gateway', 'upstream app', 'route all', 'route {"path":"/b","methods":["GET"]}', 'consumer ann'],
    ]);
    expect(JSON.stringify(changes)).toContain(`\${ANN_KEY}`);
    const twins = 'routes:\n  - { match: /a }\n  - { match: /a }\nupstreams: [{ targets: [http://a] }]';
    expect(compareConfigs(null, twins).changes.map(({ name }) => name)).toEqual(['http://a', '/a', '/a (2)']);
  });

  it('are told apart by provider and model, in a list or by their keys', () => {
    const models = (ai: string) => `ai: ${ai}\nroutes: [{ id: r, match: /v1/*, ai: true }]`;
    const named = models(`{ providers: { openai: "\${KEY}", local: { url: http://a/v1 } }, models: { m: openai/a } }`);
    const listed = models(
      `{ providers: [{ id: openai, keys: "\${KEY}" }, groq], models: [{ id: m, targets: openai/a }] }`,
    );
    expect(compareConfigs(null, named).changes.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      ...['provider openai', 'provider local', 'model m', 'route r'],
    ]);
    const changed = named.replace('KEY', 'OTHER_KEY').replace('m: openai/a', 'm: openai/a, n: local/b');
    expect(compareConfigs(named, changed).changes).toEqual([
      { kind: 'provider', name: 'openai', change: 'changed', lines: [`- \${KEY}`, `+ \${OTHER_KEY}`] },
      { kind: 'model', name: 'n', change: 'added', lines: ['+ local/b'] },
    ]);
    expect(compareConfigs(named, listed).changes.map(({ name, change }) => `${name} ${change}`)).toEqual([
      ...['openai changed', 'groq added', 'local removed', 'm changed'],
    ]);
  });

  it('of any text never throw, and are the same only when they are', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, size: 'max' }), fc.string({ maxLength: 60, size: 'max' }), (a, b) => {
        expect(compareConfigs(a, b).isSame).toBe(a === b);
      }),
    );
  });
});

describe('two lists of lines', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 14, size: 'max' });

  it('can both be read out of their difference, which is as short as can be', () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = wholeDiff(before, after);
        const without = (mark: string): string[] =>
          diff.filter((line) => !line.startsWith(mark)).map((line) => line.slice(2));
        expect(without('+')).toEqual(before);
        expect(without('-')).toEqual(after);
        expect(diff.filter((line) => line.startsWith('  ')).length).toBe(longestCommon(before, after));
      }),
    );
  });

  it('leave out what is far from any change', () => {
    const before = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    const after = before.map((line, i) => (i === 10 ? 'other' : line));
    expect(lineDiff(before, after)).toEqual([
      ...[
        '  …',
        '  line 7',
        '  line 8',
        '  line 9',
        '- line 10',
        '+ other',
        '  line 11',
        '  line 12',
        '  line 13',
        '  …',
      ],
    ]);
  });

  it('of any length take no more than the table may', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `${i}`);
    expect(
      wholeDiff(
        many,
        many.map((line) => `x${line}`),
      ),
    ).toHaveLength(40_000);
  });
});

function longestCommon(a: readonly string[], b: readonly string[]): number {
  const [first, ...rest] = a;
  if (first === undefined || b.length === 0) return 0;
  const at = b.indexOf(first);
  const without = longestCommon(rest, b);
  return at === -1 ? without : Math.max(without, 1 + longestCommon(rest, b.slice(at + 1)));
}
