import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { converted, FormFault, formOf } from './forms.js';

const change = (text: string, from: 'json' | 'xml' | 'form', to: 'json' | 'xml' | 'form', root = 'root'): string =>
  Buffer.from(converted(Buffer.from(text), from, to, root)).toString();
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

describe('bodies in another form', () => {
  it.each([
    ['<order id="7"><item>a</item><item>b</item></order>', '{"order":{"item":["a","b"],"@id":"7"}}'],
    ['<a>1.50</a>', '{"a":"1.50"}'],
    ['<a x="1">t</a>', '{"a":{"#text":"t","@x":"1"}}'],
    ['<a>&lt;b&gt; &amp; &#65;</a>', '{"a":"<b> & A"}'],
    ['<?xml version="1.0"?><a><![CDATA[<x>]]></a>', '{"a":"<x>"}'],
    ['<a/>', '{"a":""}'],
    ['<ü>ß</ü>', '{"ü":"ß"}'],
  ])('%s is %s', (xml, json) => {
    expect(JSON.parse(change(xml, 'xml', 'json'))).toEqual(JSON.parse(json));
  });

  it.each([
    ['{"order":{"@id":7,"item":["a","b"]}}', '<order id="7"><item>a</item><item>b</item></order>'],
    ['{"a":1,"b":null}', '<root><a>1</a><b/></root>'],
    ['[1,2]', '<root><item>1</item><item>2</item></root>'],
    ['{"a":"<x> & \\"y\\""}', '<a>&lt;x&gt; &amp; &quot;y&quot;</a>'],
    ['"text"', '<root>text</root>'],
  ])('%s is %s', (json, xml) => {
    expect(change(json, 'json', 'xml')).toBe(`${DECLARATION}${xml}`);
  });

  it.each([
    ['{"a":1,"b":["x","y z"],"c":{"d":true,"e":null}}', 'a=1&b=x&b=y+z&c%5Bd%5D=true&c%5Be%5D='],
    ['{}', ''],
  ])('%s as a form is %s', (json, form) => {
    expect(change(json, 'json', 'form')).toBe(form);
  });

  it('a form as JSON has texts, and lists of what comes more than once', () => {
    expect(change('a=1&b=x&b=y+z&c%5Bd%5D=%C3%BC&=e', 'form', 'json')).toBe(
      '{"a":"1","b":["x","y z"],"c[d]":"ü","":"e"}',
    );
  });

  it.each([
    ['xml', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', 'document type'],
    ['xml', '<a><b></a>', 'no XML'],
    ['xml', '', 'no XML'],
    ['xml', '<a/><b/>', 'no XML'],
    ['xml', '<a x="1" x="2"/>', 'no XML'],
    ['xml', `${'<a>'.repeat(200)}${'</a>'.repeat(200)}`, 'nested'],
    ['json', '{', 'no JSON'],
    ['json', `${'['.repeat(80)}${']'.repeat(80)}`, 'deeper'],
    ['json', '{"a b":1}', "can't be the name"],
    ['json', '{"a><script>":1}', "can't be the name"],
    ['json', '{"r":{"@x":{"y":1}}}', 'is no text'],
    ['form', Array.from({ length: 10_001 }, (_, i) => `p${i}=1`).join('&'), 'more than'],
  ] as const)('%s: what is hostile or none is refused, %#', (from, text, why) => {
    expect(() => change(text, from, from === 'json' ? 'xml' : 'json')).toThrow(FormFault);
    expect(() => change(text, from, from === 'json' ? 'xml' : 'json')).toThrow(why);
  });

  it('names of the prototype are names like others, or refused', () => {
    for (const [text, from] of [
      ['{"__proto__":{"x":1}}', 'json'] as const,
      ['__proto__=1&constructor=2', 'form'] as const,
    ]) {
      try {
        change(text, from, from === 'json' ? 'form' : 'json');
      } catch (error) {
        expect(error).toBeInstanceOf(FormFault);
      }
      expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    }
    try {
      change('<__proto__><polluted>1</polluted></__proto__>', 'xml', 'json');
    } catch (error) {
      expect(error).toBeInstanceOf(FormFault);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('whatever text comes, the outcome is a body or a fault, and texts go through XML and back unchanged', () => {
    const form = fc.constantFrom('json' as const, 'xml' as const, 'form' as const);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '/', 'a', '"', '=', '&', ' ', '{', '}', '[', ':', '1') }),
        form,
        form,
        (text, from, to) => {
          try {
            change(text, from, to);
          } catch (error) {
            expect(error).toBeInstanceOf(FormFault);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    const plain = fc
      .string({ unit: 'grapheme' })
      .filter((text) => !/[\p{Cc}\u{FFFE}\u{FFFF}]/u.test(text) && text.trim() === text);
    fc.assert(
      fc.property(plain, (text) => {
        expect(JSON.parse(change(change(JSON.stringify({ a: text }), 'json', 'xml'), 'xml', 'json'))).toEqual({
          a: text,
        });
      }),
    );
  });

  it.each([
    ['application/json; charset=utf-8', 'json'],
    ['application/problem+json', 'json'],
    ['text/xml', 'xml'],
    ['application/soap+xml', 'xml'],
    ['application/x-www-form-urlencoded', 'form'],
    ['text/html', null],
    [undefined, null],
  ])('%s is of the form %s', (type, form) => {
    expect(formOf(type)).toBe(form);
  });
});
