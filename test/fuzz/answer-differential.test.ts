import { describe, expect, it } from 'vitest';
import { disagreement, fuzzAnswerDifferential } from './answer-differential.js';

describe('the answer parser beside llhttp', () => {
  it('never takes more, and never sees another message, in a hundred thousand broken answers', async () => {
    expect((await fuzzAnswerDifferential(20_240_603, 100_000)).failures).toEqual([]);
  }, 60_000);

  it('agrees on plain answers', async () => {
    for (const text of ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'HTTP/1.1 200 OK\r\n\r\nuntil the end']) {
      expect(await disagreement('GET', Buffer.from(text))).toBeNull();
    }
  });
});
