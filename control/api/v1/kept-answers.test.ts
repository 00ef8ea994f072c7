import { describe, expect, it } from 'vitest';
import type { ApiAnswer } from './api-route.js';
import { KeptAnswers } from './kept-answers.js';

const done: ApiAnswer = { status: 201, body: { key: 'k' } };

describe('answers by their key', () => {
  it('come again for ten minutes, and what is under way is said to be so', () => {
    const kept = new KeptAnswers();
    expect(kept.begin('a~f', 0)).toEqual({ kind: 'first' });
    expect(kept.begin('a~f', 1)).toEqual({ kind: 'under way' });
    kept.settle('a~f', done);
    expect(kept.begin('a~f', 599_999)).toEqual({ kind: 'again', answer: done });
    expect(kept.begin('a~other', 599_999)).toEqual({ kind: 'other' });
    expect(kept.begin('a~f', 600_000)).toEqual({ kind: 'first' });
  });

  it('are not those of refusals, failures, streams, nor large ones', () => {
    const kept = new KeptAnswers();
    const large: ApiAnswer = { status: 200, body: 'x'.repeat(70_000) };
    const refused: ApiAnswer = { problem: { status: 409, title: '', detail: '' } };
    for (const answer of [refused, null, { status: 200, contentType: 'text/plain', text: 'x' } as const, large]) {
      expect(kept.begin('a~f', 0)).toEqual({ kind: 'first' });
      kept.settle('a~f', answer);
    }
    expect(kept.begin('a~f', 0)).toEqual({ kind: 'first' });
  });

  it('are a thousand at most: the oldest goes', () => {
    const kept = new KeptAnswers();
    for (let i = 0; i < 1_001; i += 1) {
      kept.begin(`${i}~f`, 0);
      kept.settle(`${i}~f`, done);
    }
    expect(kept.begin('0~f', 0)).toEqual({ kind: 'first' });
    expect(kept.begin('1000~f', 0)).toEqual({ kind: 'again', answer: done });
  });
});
