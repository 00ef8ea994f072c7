import { describe, expect, it } from 'vitest';
import { answerLength, framingFault } from './answer-head.js';

describe('framingFault', () => {
  it.each([
    [[]],
    [['content-length', '0']],
    [['content-length', '123456789012345']],
    [['transfer-encoding', 'chunked']],
    [['transfer-encoding', 'Chunked']],
    [['x-content-length', 'a', 'x', 'content-length']],
  ])('finds nothing wrong with %j', (headers) => {
    expect(framingFault(200, headers)).toBeNull();
  });

  it('takes a length of zero on a 204, and no other', () => {
    expect(framingFault(204, ['content-length', '0'])).toBeNull();
    expect(framingFault(204, ['content-length', '00'])).toBeNull();
    expect(framingFault(204, ['content-length', '5'])).toBe('a length on a 204');
    expect(framingFault(304, ['content-length', '5'])).toBeNull();
  });

  it.each([
    [['content-length', '1', 'content-length', '1'], 'two Content-Length fields'],
    [['transfer-encoding', 'chunked', 'transfer-encoding', 'chunked'], 'two Transfer-Encoding fields'],
    [['content-length', '1', 'transfer-encoding', 'chunked'], 'both Content-Length and Transfer-Encoding'],
    [['transfer-encoding', 'chunked', 'content-length', '1'], 'both Content-Length and Transfer-Encoding'],
    [['transfer-encoding', 'gzip, chunked'], 'a Transfer-Encoding other than chunked'],
    [['transfer-encoding', 'identity'], 'a Transfer-Encoding other than chunked'],
    [['transfer-encoding', ''], 'a Transfer-Encoding other than chunked'],
    ...['', '-1', '+1', '1.0', '0x1', '1, 1', '1 ', '1e3', '1234567890123456'].map((length) => [
      ['content-length', length],
      'a Content-Length that is not a number',
    ]),
  ] as [string[], string][])('refuses %j', (headers, fault) => {
    expect(framingFault(200, headers)).toBe(fault);
  });
});

describe('answerLength', () => {
  it('is what Content-Length says, zero for answers that have no body, and unknown otherwise', () => {
    expect(answerLength(200, ['content-length', '12'])).toBe(12);
    expect(answerLength(200, ['x', 'content-length'])).toBeNull();
    expect(answerLength(204, [])).toBe(0);
    expect(answerLength(304, ['content-length', '12'])).toBe(0);
  });
});
