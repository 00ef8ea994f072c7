import { expect, it } from 'vitest';
import { isAt } from './is-at.js';

it.each([
  ['/', '/', true],
  ['/', '/services', false],
  ['/services', '/services', true],
  ['/services', '/services/shop', false],
  ['/services/:id/:tab?', '/services/shop', true],
  ['/services/:id/:tab?', '/services/shop/draft', true],
  ['/services/:id/:tab?', '/services/shop/draft/x', false],
  ['/services/:id/:tab?', '/services', false],
  ['/services/:id/:tab?', '/services/', false],
  ['/revisions/:number', '/users/3', false],
])('%s has %s: %s', (pattern, place, isThere) => {
  expect(isAt(pattern, place)).toBe(isThere);
});
