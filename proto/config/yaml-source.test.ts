// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { describe, expect, it } from 'vitest';
import { readYaml, sourceBytesMax } from './yaml-source.js';

const messages = (text: string) => {
  const source = readYaml(text);
  return [...source.syntax, ...source.findings].map(({ message }) => message);
};

it('values keep the place of their key, also across tabs, Windows line ends and comments', () => {
  const source = readYaml('# c\r\na: 1\r\nb:\r\n  - x\r\n  - { c: d }\r\n');
  expect(source.value).toEqual({ a: 1, b: ['x', { c: 'd' }] });
  expect(source.locate(['a'])).toEqual({ line: 2, column: 1 });
  expect(source.locate(['b', 1, 'c'])).toEqual({ line: 5, column: 7 });
  expect(source.locate(['b', 0])).toEqual({ line: 4, column: 5 });
});

it('a path that is not in the file has the place of what is nearest to it', () => {
  const source = readYaml('a:\n  b: {}\n');
  expect(source.locate(['a', 'b', 'missing', 3])).toEqual({ line: 2, column: 3 });
  expect(source.locate(['other'])).toEqual({ line: 1, column: 1 });
});

it('a reference may stand in a flow collection without quotes', () => {
  expect(readYaml('a: [${K}, "${L}"]\nb: { c: ${M}, ${N}: 1 }').value).toEqual({
    a: ['${K}', '${L}'],
    b: { c: '${M}', '${N}': 1 },
  });
  expect(messages('a: [${K}')[0]).not.toMatch(/[\ue000-\uf8ff]/);
});

it('an alias stands for its anchor, the nearest one before it, and has the place of the alias', () => {
  const source = readYaml('a: &x {k: 1}\nb: *x\nc: &x 2\nd: *x\n');
  expect(source.value).toEqual({ a: { k: 1 }, b: { k: 1 }, c: 2, d: 2 });
  expect(source.locate(['b', 'k'])).toEqual({ line: 2, column: 4 });
});

describe('faults', () => {
  it.each([
    ['a: [1', /end with a ]/],
    ['a: 1\n---\nb: 2', /more than one YAML document/],
    ['a: 1\na: 2\n', /`a` is here a second time/],
    ['{ __proto__: { polluted: 1 } }', /__proto__/],
    ['? [a]\n: b', /key must be a word/],
    ['a: *nowhere', /nowhere/],
    ['a: !!binary aGk=', /no meaning in a config/],
    ['a: &a [*a]', /nested/],
    [`a: ${'['.repeat(100)}${']'.repeat(100)}`, /nested/],
    [`a: ${'['.repeat(50_000)}`, /nested too deeply|end with/],
  ])('%j', (text, message) => expect(messages(text).join('\n')).toMatch(message));

  it('every duplicate of a key is reported, each at its own place', () => {
    const source = readYaml('a: 1\nb: 1\na: 2\n  \nb: 3\n');
    expect(source.findings.map(({ path }) => source.locate(path))).toEqual([
      { line: 3, column: 1 },
      { line: 5, column: 1 },
    ]);
    expect(source.value).toEqual({ a: 1, b: 1 });
  });

  it('a file above the limit is refused unread', () => {
    expect(messages(`a: ${'x'.repeat(sourceBytesMax)}`)).toEqual(['the file is larger than 1MiB']);
  });

  it('aliases that stand for billions of values are stopped at the budget', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i <= 9; i += 1)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    // Without the budget this does not end before the heap does.
    expect(messages(lines.join('\n'))).toEqual([expect.stringMatching(/more than 200000 values/)]);
  });

  it('a mapping with many keys is read in time that grows with its length', () => {
    const cpuMsOf = (keys: number): number => {
      const text = Array.from({ length: keys }, (_, i) => `k${i}: ${i}`).join('\n');
      const before = process.cpuUsage();
      expect(messages(text)).toEqual([]);
      const { user } = process.cpuUsage(before);
      return user / 1000;
    };
    cpuMsOf(2_000); // The first one pays for the compiler.
    // Ten times as long; where every key is held against every other, it takes a hundred times as much.
    expect(cpuMsOf(20_000)).toBeLessThan(40 * cpuMsOf(2_000));
  });
});
