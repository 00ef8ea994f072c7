import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fit, fitted } from './fit.js';
import { outputTools } from './output-tools.js';

const schema = {
  type: 'object',
  properties: { name: { type: 'string', pattern: '^[a-z]+$' }, price: { type: 'number' } },
  required: ['name', 'price'],
  additionalProperties: false,
};
const check = outputTools.compile(schema);
const strict: Fit = { check, repaired: null };
const mending: Fit = { check, repaired: outputTools.repaired };
const value = { name: 'tea', price: 3 };

describe('what a model said', () => {
  it.each([
    ['as asked', JSON.stringify(value)],
    ['in a fence', `\`\`\`json\n${JSON.stringify(value)}\n\`\`\``],
    ['with talk around it', `Here it is: ${JSON.stringify(value)}. Anything else?`],
    ['in a fence with talk around it', `Sure!\n\`\`\`\n${JSON.stringify(value)}\n\`\`\`\nBye {you}`],
    ['with single quotes and a comma too many', "{'name': 'tea', 'price': 3,}"],
    ['with a comment', '{"name": "tea", /* dollars */ "price": 3}'],
  ])('is mended: %s', (_what, text) => {
    expect(fitted(text, 'stop', mending)).toEqual({ ok: true, value });
  });

  it('is taken as it is or refused where nothing shall be mended', () => {
    expect(fitted(JSON.stringify(value), 'stop', strict)).toEqual({ ok: true, value });
    expect(fitted(`\`\`\`${JSON.stringify(value)}\`\`\``, 'stop', strict)).toEqual({
      ok: false,
      fault: 'it is no JSON',
    });
  });

  it.each([
    ['{"name":"tea"}', 'stop', "it must have required property 'price'"],
    ['{"name":"tea","price":"3"}', 'stop', '/price must be number'],
    ['{"name":"TEA","price":3}', 'stop', '/name must match pattern'],
    ['I would rather not.', 'stop', 'it is no JSON'],
    ['{"name":"tea","price":3', 'length', 'it was cut'],
    [JSON.stringify(value), 'length', 'it was cut'],
    [JSON.stringify(value), 'contentFilter', 'its provider holds it back'],
    ['', 'stop', 'it is no JSON'],
  ] as const)('is refused with the place: %s', (text, finish, fault) => {
    const result = fitted(text, finish, mending);
    expect(result.ok ? '' : result.fault).toContain(fault);
  });

  it('is what fits, or a fault, for any text, and never longer than asked', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', size: 'max', maxLength: 400 }), (text) => {
        const result = fitted(text, 'stop', mending);
        if (result.ok) expect(check(result.value)).toBe(null);
        else expect(result.fault.length).toBeLessThanOrEqual(300);
      }),
    );
  });

  it.each([
    ['brackets', '['.repeat(200_000)],
    ['quotes', '"\\'.repeat(100_000)],
    ['fences', '```'.repeat(70_000)],
  ])('is bounded in depth and time: %s', (_what, text) => {
    expect(fitted(text, 'stop', mending).ok).toBe(false);
  });

  it('is held to each pattern of its schema by itself', () => {
    const properties = { a: { type: 'string', pattern: '^a+$' }, b: { type: 'string', pattern: '^b+$' } };
    const two = outputTools.compile({ type: 'object', properties });
    expect(two({ a: 'aa', b: 'bb' })).toBe(null);
    expect(two({ a: 'aa', b: 'aa' })).toContain('/b must match pattern');
  });

  it('can not hold a node up by a pattern of the schema', () => {
    const slow = outputTools.compile({ type: 'string', pattern: '^(a+)+$' });
    expect(slow(`${'a'.repeat(100_000)}!`)).toContain('must match pattern');
  });
});
