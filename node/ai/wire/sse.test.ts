import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultFramerBounds } from './framer.js';
import { SseFramer } from './sse.js';
import { bytesOf, everyByte, framed } from './testing/bodies.js';

const open = (eventLengthMax = defaultFramerBounds.eventLengthMax): SseFramer => new SseFramer({ eventLengthMax });
const read = (text: string): unknown => framed(open(), bytesOf(text));

describe('server-sent events', () => {
  it.each([
    ['data: a\n\n', [{ type: '', data: 'a' }]],
    [
      'data:a\n\ndata:  b\n\n',
      [
        { type: '', data: 'a' },
        { type: '', data: ' b' },
      ],
    ],
    ['event: ping\ndata: {}\n\n', [{ type: 'ping', data: '{}' }]],
    ['data: 1\ndata: 2\ndata\n\n', [{ type: '', data: '1\n2\n' }]],
    ['data: a\r\n\r\ndata: b\r\rdata: c\n\r\n', ['a', 'b', 'c'].map((data) => ({ type: '', data }))],
    ['\uFEFFdata: a\n\n', [{ type: '', data: 'a' }]],
    ['data: \uFEFFb\n\n', [{ type: '', data: '\uFEFFb' }]],
    ['data: a: b\n\n', [{ type: '', data: 'a: b' }]],
    ['data\n\n', [{ type: '', data: '' }]],
    // A type without data is no event, and is not the type of the next one either.
    ['event: a\n\ndata: b\n\n', [{ type: '', data: 'b' }]],
    [': comment\n\n:\n\nid: 3\nretry: 4\nother: 5\n\n', []],
    [': comment\ndata: a\n: comment\n\n', [{ type: '', data: 'a' }]],
    ['data: [DONE]', [{ type: '', data: '[DONE]' }]],
    ['data: [DONE]\n', [{ type: '', data: '[DONE]' }]],
    ['data: a\n\nda', [{ type: '', data: 'a' }]],
    ['', []],
  ])('%j', (text, events) => {
    const body = bytesOf(text);
    expect(framed(open(), body)).toEqual(events);
    expect(framed(open(), body, everyByte(body))).toEqual(events);
  });

  const line = fc.oneof(
    fc.constantFrom('', 'data: 👋 ü€', 'data', 'event: x', ': ping', 'id: 1', '\uFEFF'),
    fc.string({ unit: 'binary' }).map((text) => `data: ${text}`),
  );
  const body = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\n\r\n')), { size: 'max', maxLength: 20 })
    .map((lines) => bytesOf(lines.flat().join('')));

  it('says the same wherever chunks end', () => {
    fc.assert(
      fc.property(body, fc.array(fc.nat(200), { maxLength: 30 }), (bytes, cuts) => {
        const whole = framed(open(), bytes);
        expect(framed(open(), bytes, everyByte(bytes))).toEqual(whole);
        expect(
          framed(
            open(),
            bytes,
            cuts.filter((cut) => cut <= bytes.length),
          ),
        ).toEqual(whole);
      }),
    );
  });

  it('reads pieces as one decoder reads all of them, whatever their bytes are', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom('data: a\n\n', 'data: ü\n', '\n', '\uFEFF', '\uFEFFdata: b\n\n', 'data: 👋').map(bytesOf),
      fc
        .constantFrom([0xef], [0xbb], [0xbf], [0xe2, 0x82], [0xac, 0x0a], [0xff, 0x0a])
        .map((one) => Uint8Array.from(one)),
    );
    fc.assert(
      fc.property(fc.array(piece, { size: 'max', maxLength: 20 }), (pieces) => {
        const framer = open();
        const events = [...pieces.flatMap((one) => framer.feed(one)), ...framer.end()];
        const bytes = Uint8Array.from(pieces.flatMap((one) => [...one]));
        // Without its mark, which is not the text's, and before a character that no mark is.
        const text = `: \n${new TextDecoder().decode(bytes)}`;
        expect(events).toEqual(framed(open(), bytesOf(text)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives back what was written, with each of the line ends', () => {
    const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll(/[\r\n]/g, ' '));
    const event = fc.record({
      type: text.map((type) => type.trim()),
      lines: fc.array(text, { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(event), fc.constantFrom('\n', '\r', '\r\n'), (events, end) => {
        const written = events.map(({ type, lines }) =>
          [`event: ${type}`, ': comment', ...lines.map((data) => `data: ${data}`), '', ''].join(end),
        );
        // A mark at the very beginning is the encoding's, not the text's; the field's name stands before all of these.
        expect(read(written.join(''))).toEqual(events.map(({ type, lines }) => ({ type, data: lines.join('\n') })));
      }),
    );
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
    expect(framed(open(), Uint8Array.of(...bytesOf('data: '), 0xff, 0xc3, 10, 10))).toEqual([
      { type: '', data: '\uFFFD\uFFFD' },
    ]);
  });

  it.each([
    ['one line', 'data: 12345678901'],
    ['many lines', 'data: 123456\ndata: 123456\n'],
    ['a comment without an end', `: ${'x'.repeat(40)}`],
    ['a name', `event: ${'x'.repeat(40)}\n`],
  ])('breaks at an event longer than its bound: %s', (_, text) => {
    for (const cuts of [[], everyByte(bytesOf(text))]) {
      const framer = open(10);
      expect(
        framed(
          framer,
          bytesOf(`data: ok\n\n${text}`),
          cuts.map((cut) => cut + 10),
        ),
      ).toEqual([{ type: '', data: 'ok' }]);
      expect(framer.broken).toBe('too-long');
      expect(framer.feed(bytesOf('\n\ndata: ok\n\n'))).toEqual([]);
      expect(framer.end()).toEqual([]);
    }
  });

  it('has no bound on what all events are together', () => {
    const framer = open(16);
    const chunk = bytesOf('data: {"a":"b"}\n\n');
    let count = 0;
    for (let i = 0; i < 100_000; i += 1) count += framer.feed(chunk).length;
    expect([count, framer.broken]).toEqual([100_000, null]);
  });
});
