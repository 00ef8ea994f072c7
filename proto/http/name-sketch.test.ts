import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANY_NAME, mayHold, NO_NAME, sketchOf } from './name-sketch.js';

describe('a sketch of names', () => {
  it('never denies a name that was put into it', () => {
    const name = fc.oneof(fc.stringMatching(/^[a-z0-9-]{0,20}$/), fc.string());
    fc.assert(
      fc.property(fc.array(name, { size: 'max', maxLength: 30 }), name, (names, other) => {
        const sketch = names.reduce((sum, each) => sum | sketchOf(each), NO_NAME);
        expect(names.every((each) => mayHold(sketch, sketchOf(each)))).toBe(true);
        expect(mayHold(ANY_NAME, sketchOf(other))).toBe(true);
        expect(mayHold(NO_NAME, sketchOf(other))).toBe(false);
      }),
    );
  });

  it('tells what layers ask for from what ordinary clients send', () => {
    const sent = [
      'host',
      'user-agent',
      'accept',
      'accept-encoding',
      'accept-language',
      'content-type',
      'content-length',
    ];
    const browsers = ['cookie', 'origin', 'referer', 'cache-control', 'pragma', 'sec-fetch-mode', 'dnt', 'priority'];
    const sketch = [...sent, ...browsers].reduce((sum, each) => sum | sketchOf(each), NO_NAME);
    for (const asked of ['via', 'upgrade', 'grpc-timeout', 'x-request-timeout-ms', 'authorization', 'connection']) {
      expect([asked, mayHold(sketch, sketchOf(asked))]).toEqual([asked, false]);
    }
  });
});
