import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamReading } from './stream-reading.js';
import { ending, firstToken, token } from './words.js';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const framed = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const answer =
  HEAD +
  framed(firstToken(1_000, 1_300)) +
  framed(token(2_000)) +
  framed(token(3_000)) +
  framed(ending(true)) +
  framed('');

function read(pieces: readonly string[], askedAtUs = 900, nowUs = 5_000): StreamReading {
  const reading = new StreamReading(askedAtUs);
  for (const piece of pieces) reading.feed(piece, nowUs);
  return reading;
}

describe('what a stream took', () => {
  it('is the way there and the way back, without what the mock waited in between', () => {
    const reading = read([answer]);
    expect(reading).toMatchObject({
      firstUs: 100 + 3_700,
      tokensUs: [3_000, 2_000],
      tokens: 3,
      isOver: true,
      failed: null,
    });
  });

  it('is the same wherever its bytes are cut', () => {
    const whole = read([answer]);
    fc.assert(
      fc.property(fc.array(fc.nat(answer.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.toSorted((one, other) => one - other), answer.length];
        const reading = read(at.slice(1).map((end, index) => answer.slice(at[index], end)));
        expect(reading).toMatchObject({ firstUs: whole.firstUs, tokensUs: whole.tokensUs, tokens: 3, isOver: true });
      }),
    );
  });

  it('is found in the JSON of another writer', () => {
    const spaced = HEAD + framed('data: {"choices": [{"delta": {"content": "a5t7"}}]}\n\n');
    expect(read([spaced], 0, 10)).toMatchObject({ firstUs: 8, tokens: 1, isOver: false });
  });
});

describe('a stream is over', () => {
  it('at nothing but its end', () => {
    for (let end = 0; end < answer.length; end += 1) expect(read([answer.slice(0, end)]).isOver).toBe(false);
  });

  it('and has failed, with another status', () => {
    const reading = read(['HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno']);
    expect(reading).toMatchObject({ failed: 'HTTP/1.1 500 Internal Server Error', isOver: true, tokens: 0 });
  });
});
