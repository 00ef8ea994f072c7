import { expect, it } from 'vitest';
import { formatPathPattern, parametersOf, readPathPattern } from './path-pattern.js';

it.each([
  ['/', { kind: 'exact', path: '/' }],
  ['/a/b', { kind: 'exact', path: '/a/b' }],
  ['/a/', { kind: 'exact', path: '/a/' }],
  ['/*', { kind: 'prefix', prefix: '/' }],
  ['/orders/*', { kind: 'prefix', prefix: '/orders' }],
  ['/orders/{id}', { kind: 'template', template: '/orders/{id}' }],
  ['/{a}/x/*', { kind: 'template', template: '/{a}/x/*' }],
  ['/a;b%2Fc', { kind: 'exact', path: '/a;b%2Fc' }],
  ['/a%20b', { kind: 'exact', path: '/a%20b' }],
])('%s is read and written back', (written, pattern) => {
  expect(readPathPattern(written)).toEqual({ ok: true, value: pattern });
  const reading = readPathPattern(written);
  expect(reading.ok && formatPathPattern(reading.value)).toBe(written);
});

it.each([
  'orders',
  '',
  '*',
  '/a//b',
  '/*/a',
  '/a*',
  '/{id',
  '/v{n}',
  '/{1}',
  '/{a}/{a}',
  '/a?b',
  '/a#b',
  '/a b',
  '/a\n',
  '/ä',
  '/%zz',
  '/%00',
  '/..',
  '/a/./b',
  '/%2e%2E/x',
  '/..;x',
  '/a%2f..%2fb',
  '/a;b/*',
  '/a%2fb/{id}',
  `/${'a'.repeat(2048)}`,
])('%j is refused, with a cure', (written) =>
  expect(readPathPattern(written)).toMatchObject({ ok: false, cure: expect.any(String) }),
);

it('the parameters of a pattern are what a rewrite may use', () => {
  const names = (written: string) => {
    const reading = readPathPattern(written);
    return reading.ok ? [...parametersOf(reading.value)] : null;
  };
  expect([names('/a'), names('/a/*'), names('/{x}/{y}'), names('/{x}/*')]).toEqual([[], ['*'], ['x', 'y'], ['x', '*']]);
});
