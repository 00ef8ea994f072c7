import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FieldPaths } from './field-paths.js';
import { JsonMasker, MaskFault, maskedDepthMax, maskedTextMax } from './json-masker.js';

const hide = () => '***';
const pathsOf = (...paths: string[]) => paths.map((path) => path.split('.'));

function masked(
  text: string | Uint8Array,
  paths: string[],
  find: ((text: string) => string) | null = null,
  cut = 0,
): string {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const masker = new JsonMasker({ paths: new FieldPaths(pathsOf(...paths)), hide, find });
  const size = cut === 0 ? bytes.length : cut;
  const out: Uint8Array[] = [];
  // Overwritten behind it, as the memory of a connection is.
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.slice(at, at + size);
    out.push(masker.push(chunk).slice());
    chunk.fill(0x21);
  }
  out.push(masker.end());
  return Buffer.concat(out).toString('utf8');
}

describe('fields that are named', () => {
  it.each([
    ['{"a":"x","b":1}', ['a'], '{"a":"***","b":1}'],
    ['{"user":{"email":"x","id":7}}', ['user.email'], '{"user":{"email":"***","id":7}}'],
    ['{"email":"x"}', ['user.email'], '{"email":"x"}'],
    ['[{"a":"x"},{"a":"y","b":[{"a":"z"}]}]', ['a'], '[{"a":"***"},{"a":"***","b":[{"a":"z"}]}]'],
    ['{"l":[[{"a":1}]]}', ['l.a'], '{"l":[[{"a":"***"}]]}'],
    ['{"x":{"k":1},"y":{"k":2},"k":3}', ['*.k'], '{"x":{"k":"***"},"y":{"k":"***"},"k":3}'],
    ['{"k":1,"x":{"y":{"k":2}}}', ['**.k'], '{"k":"***","x":{"y":{"k":"***"}}}'],
    ['{"a":{"b":1,"x":{"b":2}},"b":3}', ['a.**.b'], '{"a":{"b":"***","x":{"b":"***"}},"b":3}'],
    ['{"a":{"x":[1,"y",true,null,{}]},"b":"y"}', ['a'], '{"a":{"x":["***","***","***",null,{}]},"b":"y"}'],
    ['{"\\u0061":"x"}', ['a'], '{"\\u0061":"***"}'],
    ['{"a":"x","a":"y"}', ['a'], '{"a":"***","a":"***"}'],
    [' {\n "a" : "x" , "b" : 1.50e+2 } ', ['a'], ' {\n "a" : "***" , "b" : 1.50e+2 } '],
    ['"x"', ['a'], '"x"'],
    ['{"__proto__":"x"}', ['__proto__'], '{"__proto__":"***"}'],
  ])('of %s by %j: %s, however it is cut', (text, paths, wanted) => {
    for (const cut of [0, 1, 2, 3, 7]) expect(masked(text, paths, null, cut)).toBe(wanted);
  });
});

describe('all other values', () => {
  const find = (text: string) => text.replaceAll('4111', '#');

  it('are written anew where something was found, and are what they were elsewhere', () => {
    expect(masked('{"a":"x 4111 \\"y\\"","b":41110,"c":"\\u00e9","d":12345678901234567890.10}', [], find)).toBe(
      '{"a":"x # \\"y\\"","b":"#0","c":"\\u00e9","d":12345678901234567890.10}',
    );
  });

  it('of named fields are hidden, whatever is found in them', () => {
    expect(masked('{"a":"4111","b":"4111"}', ['a'], find)).toBe('{"a":"***","b":"#"}');
  });
});

const anyJson = fc.jsonValue({ maxDepth: 4, noUnicodeString: false }).map((value) => JSON.stringify(value, null, 1));

describe('any JSON', () => {
  it('comes out byte by byte where nothing is to be hidden', () => {
    fc.assert(
      fc.property(anyJson, fc.integer({ min: 1, max: 9 }), (text, cut) => {
        expect(masked(text, [], null, cut)).toBe(text);
        expect(masked(text, ['nowhere'], (found) => found, cut)).toBe(text);
      }),
    );
  });

  it('says what it did but for what is hidden, by the plain reading of the paths', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        fc.constantFrom<unknown>('x', 1, null, true),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    })).value;
    const step = fc.constantFrom('a', 'b', '*');
    const path = fc
      .tuple(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 3, size: 'max' }))
      .map(([anywhere, steps]) => (anywhere ? ['**', ...steps] : steps).join('.'));
    fc.assert(
      fc.property(tree, fc.array(path, { maxLength: 3 }), fc.integer({ min: 1, max: 9 }), (value, paths, cut) => {
        const out = JSON.parse(masked(JSON.stringify(value), paths, null, cut)) as unknown;
        expect(out).toEqual(plainly(value, pathsOf(...paths), []));
      }),
      { numRuns: 500 },
    );
  });

  /** `at`: the names on the way to the value. */
  function plainly(value: unknown, paths: string[][], at: string[]): unknown {
    const isMeant = at.some((_, i) => paths.some((path) => fits(path, at.slice(0, i + 1))));
    if (Array.isArray(value)) return value.map((each) => plainly(each, paths, at));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plainly(each, paths, [...at, key])]));
    return isMeant && value !== null ? '***' : value;
  }

  function fits([first, ...path]: string[], at: string[]): boolean {
    if (first === undefined) return at.length === 0;
    if (first === '**') return fits(path, at) || (at.length > 0 && fits([first, ...path], at.slice(1)));
    return at.length > 0 && (first === '*' || first === at[0]) && fits(path, at.slice(1));
  }
});

describe('what is no JSON', () => {
  it.each([
    ...[
      '',
      ' ',
      '{',
      '[1',
      '"a',
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '[1,]',
      '[,1]',
      '{1:2}',
      'nul',
      '01',
      '1 2',
      '{}{}',
      '[1}',
    ],
    ...['{"a":"\\x"}', '{"a":"\\u12"}', '{"a":"\n"}', "{'a':1}", '{"a" 1}', '\ufeff1', '1e', '-', '{"\\q":1}'],
  ])('%j ends it', (text) => {
    for (const cut of [0, 1]) expect(() => masked(text, ['a'], null, cut)).toThrow(MaskFault);
  });

  it('ends it wherever it is deeper, or a value longer, than can be held', () => {
    const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(masked(deep(maskedDepthMax), [])).toBe(deep(maskedDepthMax));
    expect(() => masked(deep(maskedDepthMax + 1), [])).toThrow('deeper');
    expect(masked(`"${'x'.repeat(maskedTextMax)}"`, []).length).toBe(maskedTextMax + 2);
    expect(() => masked(`"${'x'.repeat(maskedTextMax + 1)}"`, [])).toThrow('longer');
  });

  it('is told by nothing but its own fault, and JSON.parse takes whatever passes', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      'e',
      'true',
      'null',
      '\\',
      ' ',
      '\u0000',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12, size: 'max' }).map((pieces) => pieces.join('')),
      anyJson,
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 5 }), (hostile, cut) => {
        let out: string | null = null;
        try {
          out = masked(hostile, ['**.a'], (found) => found, cut);
        } catch (error) {
          expect(error).toBeInstanceOf(MaskFault);
        }
        if (out !== null) expect(() => JSON.parse(hostile)).not.toThrow();
        else expect(() => JSON.parse(hostile)).toThrow();
      }),
      { numRuns: 2000 },
    );
  });

  it('may be any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          masked(bytes, ['a'], (found) => found, 3);
        } catch (error) {
          expect(error).toBeInstanceOf(MaskFault);
        }
      }),
    );
  });
});
