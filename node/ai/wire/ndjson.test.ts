import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultFramerBounds } from './framer.js';
import { NdjsonFramer } from './ndjson.js';
import { bytesOf, everyByte, framed } from './testing/bodies.js';

const open = (eventLengthMax = defaultFramerBounds.eventLengthMax): NdjsonFramer =>
  new NdjsonFramer({ eventLengthMax });

describe('newline-delimited JSON', () => {
  it.each([
    ['{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['{"a":1}\r\n\r\n\n{"b":2}', ['{"a":1}', '{"b":2}']],
    ['\uFEFF{"a":"ü👋"}', ['{"a":"ü👋"}']],
    ['\n \n', []],
    ['', []],
  ])('%j', (text, events) => {
    const body = bytesOf(text);
    const expected = events.map((data) => ({ type: '', data }));
    expect(framed(open(), body)).toEqual(expected);
    expect(framed(open(), body, everyByte(body))).toEqual(expected);
  });

  it('gives back every value, wherever chunks end', () => {
    fc.assert(
      fc.property(fc.array(fc.json()), fc.array(fc.nat(300)), (values, cuts) => {
        const body = bytesOf(values.map((value) => `${value}\n`).join(''));
        const inside = cuts.filter((cut) => cut <= body.length);
        for (const at of [[], inside, everyByte(body)]) {
          expect(framed(open(), body, at).map(({ data }) => JSON.parse(data))).toEqual(
            values.map((value) => JSON.parse(value)),
          );
        }
      }),
    );
  });

  it('breaks at a line longer than its bound, with an end and without', () => {
    for (const text of ['12345678901', '12345678901\n']) {
      const framer = open(10);
      expect(framed(framer, bytesOf(`1\n${text}`))).toEqual([{ type: '', data: '1' }]);
      expect(framer.broken).toBe('too-long');
      expect(framer.feed(bytesOf('\n2\n'))).toEqual([]);
    }
  });

  it('is not moved by hostile bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ size: 'max', maxLength: 200 })), (chunks) => {
        const framer = open(64);
        for (const chunk of chunks)
          for (const event of framer.feed(chunk)) expect(event.data.length).toBeLessThanOrEqual(64);
        framer.end();
      }),
    );
  });
});
