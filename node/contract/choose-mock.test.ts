import type { MockAnswerSpec } from '@weir/proto/snapshot/contract.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chooseMock } from './choose-mock.js';

const answer = (status: number, name: string, type: string, more: Partial<MockAnswerSpec> = {}): MockAnswerSpec => ({
  ...{ status, from: status, to: status, name, type, headers: [], body: `${status} ${name} ${type}` },
  ...more,
});

const answers = [
  answer(404, 'gone', 'application/json'),
  answer(201, 'made', 'application/json'),
  answer(200, 'two', 'application/json'),
  answer(200, 'none', 'application/json'),
  answer(200, '', 'application/xml'),
  answer(400, '', 'application/json', { to: 499 }),
  answer(500, '', 'application/json', { from: 200, to: 599 }),
];

const chosen = (prefer?: string, accept?: string): unknown => {
  const result = chooseMock(answers, prefer, accept);
  return result.kind === 'answer' ? [result.status, result.answer.body] : result;
};

it.each<[string, string | undefined, string | undefined, unknown]>([
  ['without a wish the first example of the first success', undefined, undefined, [200, '200 two application/json']],
  ['by status', 'code=404', undefined, [404, '404 gone application/json']],
  ['by a range, with the status that was asked for', 'code=422', undefined, [422, '400  application/json']],
  [
    'by default, where nothing else has the status',
    'respond-async, code=503',
    undefined,
    [503, '500  application/json'],
  ],
  ['by name', 'example=none', undefined, [200, '200 none application/json']],
  ['by a name that another status has', 'example="gone"', undefined, [404, '404 gone application/json']],
  ['by both', 'code=200; example=none', undefined, [200, '200 none application/json']],
  ['by type', undefined, 'application/xml, application/json;q=0.9', [200, '200  application/xml']],
  ['not at all, where the name is unknown', 'example=x', undefined, { kind: 'missing', wish: 'example=x' }],
  ['not at all, where the status is none', 'code=abc', undefined, { kind: 'missing', wish: 'code=abc' }],
  [
    'not at all, where no type is wanted',
    'code=201',
    'text/html',
    { kind: 'unacceptable', types: ['application/json'] },
  ],
])('%s', (_name, prefer, accept, expected) => {
  expect(chosen(prefer, accept)).toEqual(expected);
});

it('of a contract without answers none is chosen', () => {
  expect(chooseMock([], undefined, undefined)).toEqual({ kind: 'missing', wish: '' });
});

it('what is chosen takes the status that was asked for, and the same wish has the same answer', () => {
  const code = fc.integer({ min: 200, max: 599 });
  fc.assert(
    fc.property(code, fc.constantFrom(undefined, '*/*', 'application/json', 'application/xml'), (status, accept) => {
      const first = chooseMock(answers, `code=${status}`, accept);
      expect(chooseMock(answers, `code=${status}`, accept)).toEqual(first);
      if (first.kind !== 'answer') expect(accept).toBe('application/xml');
      else expect([first.status, first.answer.from <= status && status <= first.answer.to]).toEqual([status, true]);
    }),
  );
});
