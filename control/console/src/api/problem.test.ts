import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiProblem, cureOf, isAbsent, isNotOffered, problemIn, problemOf } from './problem.js';

const scalar = fc.oneof(fc.string({ maxLength: 20 }), fc.integer(), fc.constantFrom(null, true, undefined));
const anything = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 5 }),
  fc.record({ title: scalar, detail: scalar, faults: fc.oneof(scalar, fc.array(scalar, { maxLength: 5 })) }),
);

describe('problems', () => {
  it('are told in the words of control, with every fault and its cure', () => {
    const faults = [{ line: 3, path: 'routes[0].match', message: 'is no path', cure: 'Write /x.' }, 'all of it'];
    expect(problemOf(422, { title: 'Faulty', detail: 'It has faults.', faults })).toEqual({
      status: 422,
      title: 'Faulty',
      detail: 'It has faults.',
      faults: [
        { path: 'line 3, routes[0].match', message: 'is no path', cure: 'Write /x.' },
        { path: '', message: 'all of it', cure: '' },
      ],
    });
  });

  it('have a title and a detail whatever was answered', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), anything, (status, body) => {
        const { title, detail } = problemOf(status, body);
        expect(title).not.toBe('');
        expect(detail).not.toBe('');
      }),
    );
  });

  it('say what to do where control has not', () => {
    expect(cureOf(problemOf(412, {}))).toMatch(/Load it again/);
    expect(cureOf(problemOf(422, {}))).toBe('');
  });

  it('tell a route that there is not from a thing that there is not', () => {
    const missing = (detail: string) => new ApiProblem(problemOf(404, { detail }));
    expect(isNotOffered(missing('GET /v1/x is not part of this API.'))).toBe(true);
    expect(isNotOffered(missing('There is no service shop.'))).toBe(false);
    expect(isNotOffered(new Error('is not part of this API'))).toBe(false);
  });

  it('are made of any error', () => {
    expect(problemIn(new Error('broken')).detail).toBe('broken');
    expect(problemIn('text').detail).toBe('text');
  });

  it('tell a route that is not there from what it would be asked for', () => {
    const noRoute = new ApiProblem(problemOf(404, { detail: 'GET /v1/spend is not part of this API.' }));
    const nothing = new ApiProblem(problemOf(404, { title: 'No Such Revision', detail: 'there is none yet.' }));
    expect([noRoute, nothing].map(isNotOffered)).toEqual([true, false]);
    expect([noRoute, nothing, new ApiProblem(problemOf(500, {})), null].map(isAbsent)).toEqual([
      ...[false, true, false, false],
    ]);
  });
});
