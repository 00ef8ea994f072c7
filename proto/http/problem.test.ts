import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FailureCode, failure, failureTable, timerFired, timerNames } from './failures.js';
import { headerValue } from './headers.js';
import { ATTEMPTS_SHOWN, type ProblemContext, problemAnswer } from './problem.js';

const codes = Object.keys(failureTable) as FailureCode[]; // The keys of the table are the codes by definition.
const context: ProblemContext = {
  requestId: 'r-1',
  requestIdHeader: 'x-request-id',
  via: 'weir',
  elapsedMs: 12.3,
  attempts: [],
};

describe('a problem answer', () => {
  it.each(codes)('for %s has the status of the table, a hint, and says what it is', (code) => {
    const answer = problemAnswer(failure(code, 'why'), context);
    expect(answer.status).toBe(failureTable[code].status);
    expect(headerValue(answer.headers, 'content-type')).toBe('application/problem+json');
    expect(headerValue(answer.headers, 'cache-control')).toBe('no-store');
    expect(headerValue(answer.headers, 'x-request-id')).toBe('r-1');
    expect(headerValue(answer.headers, 'proxy-status')).toBe(
      `weir; error=${failureTable[code].proxyError}; details="why"`,
    );
    expect(headerValue(answer.headers, 'retry-after')).toBeUndefined();
    const problem = JSON.parse(answer.body);
    expect(problem).toMatchObject({
      type: `urn:weir:problem:${code}`,
      title: failureTable[code].title,
      status: answer.status,
      detail: 'why',
      code,
      requestId: 'r-1',
      elapsedMs: 12.3,
    });
    expect(problem.hint).toMatch(/\.$/);
    expect(problem).not.toHaveProperty('timer');
  });

  it.each(timerNames)('names the %s timer and its limit, and no other', (timer) => {
    const answer = problemAnswer(timerFired(timer, 250), context);
    expect(JSON.parse(answer.body)).toMatchObject({ timer, limitMs: 250 });
    const others = timerNames.filter((name) => name !== timer && !timer.toLowerCase().includes(name));
    const named = `${JSON.parse(answer.body).detail} ${headerValue(answer.headers, 'proxy-status')}`;
    expect(named).toContain(`the ${timer} timer fired after 250 ms`);
    for (const other of others) expect(named).not.toContain(`${other} timer`);
  });

  it('rounds Retry-After up to whole seconds, and never below none', () => {
    const after = (retryAfterS: number) =>
      headerValue(problemAnswer(failure('no_target', '', { retryAfterS }), context).headers, 'retry-after');
    expect([after(0.2), after(3), after(-1)]).toEqual(['1', '3', '0']);
  });

  it('carries the fields of the failure', () => {
    const answer = problemAnswer(failure('method_not_allowed', '', { headers: ['allow', 'GET'] }), context);
    expect(headerValue(answer.headers, 'allow')).toBe('GET');
  });

  it('shows the last attempts, a bounded number of them', () => {
    const attempts = Array.from({ length: 40 }, (_, i) => ({
      target: `orders/${i}`,
      phases: { connect: 1.5 },
      status: 0,
      failure: 'connect_timeout' as const,
    }));
    const { attempts: shown } = JSON.parse(problemAnswer(failure('total_timeout', ''), { ...context, attempts }).body);
    expect(shown).toHaveLength(ATTEMPTS_SHOWN);
    expect(shown.at(-1)).toEqual(attempts.at(-1));
  });

  it('is one JSON document whatever the detail holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', size: 'max', maxLength: 500 }), (detail) => {
        const { body } = problemAnswer(failure('bad_request', detail), context);
        expect(JSON.parse(body).detail).toBe(detail);
      }),
    );
  });
});
