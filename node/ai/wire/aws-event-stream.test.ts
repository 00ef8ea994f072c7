import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsEventStreamFramer } from './aws-event-stream.js';
import { crc32 } from './crc32.js';
import { defaultFramerBounds, errorOfBroken } from './framer.js';
import { awsFrame, bytesOf, everyByte, framed, joined } from './testing/bodies.js';

const open = (eventLengthMax = defaultFramerBounds.eventLengthMax): AwsEventStreamFramer =>
  new AwsEventStreamFramer({ eventLengthMax });

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** The published vectors of the codec, with what a reader of events needs of them. */
const vectors: readonly (readonly [string, Uint8Array, string])[] = [
  [
    'all_headers',
    hex(
      '000000cc000000af0fae64ca0a6576656e742d74797065040000a00c0c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e' +
        '0a626f6f6c2066616c73650109626f6f6c20747275650004627974650' +
        '2cf08627974652062756606001449276d2061206c6974746c6520746561706f74210974696d657374616d700800000000' +
        '00845fed05696e74313603002a05696e7436340500000000028757b20475756964090102030405060708090a0b0c0d0e0f10' +
        '7b27666f6f273a27626172277daba5f10c',
    ),
    "{'foo':'bar'}",
  ],
  ['empty_message', hex('000000100000000005c248eb7d98c8ff'), ''],
  [
    'int32_header',
    hex('0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0'),
    "{'foo':'bar'}",
  ],
  ['payload_no_headers', hex('0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936'), "{'foo':'bar'}"],
  [
    'payload_one_str_header',
    hex(
      '0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
    ),
    "{'foo':'bar'}",
  ],
];
const corrupted: readonly (readonly [string, Uint8Array])[] = [
  [
    'headers',
    hex(
      '0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b61666f6f273a27626172277d8d9c08b1',
    ),
  ],
  [
    'header_len',
    hex(
      '0000003d0000002107fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
    ),
  ],
  [
    'length',
    hex(
      '0000003e0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
    ),
  ],
  ['payload', hex('0000001d00000000fd528c5a5b27666f6f273a27626172277dc3653936')],
];

describe('AWS event streams', () => {
  it.each(vectors)('reads the published vector %s', (_, frame, data) => {
    for (const cuts of [[], everyByte(frame)]) {
      const framer = open();
      expect(framed(framer, frame, cuts)).toEqual([{ type: '', data }]);
      expect(framer.broken).toBeNull();
    }
  });

  it.each(corrupted)('finds the published fault in %s', (_, frame) => {
    const framer = open();
    expect(framed(framer, frame)).toEqual([]);
    expect(framer.broken).toBe('bad-checksum');
    expect(framer.feed(awsFrame({}, '{}'))).toEqual([]);
  });

  it('tells events, exceptions and errors apart', () => {
    const body = joined([
      awsFrame(
        { ':message-type': 'event', ':event-type': 'messageStart', ':content-type': 'application/json' },
        '{"role":"assistant"}',
      ),
      awsFrame({ ':message-type': 'exception', ':exception-type': 'throttlingException' }, '{"message":"ü"}'),
      awsFrame({ ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'a "b"' }, ''),
    ]);
    expect(framed(open(), body)).toEqual([
      { type: 'messageStart', data: '{"role":"assistant"}' },
      { type: 'throttlingException', data: '{"message":"ü"}', isError: true },
      { type: 'InternalFailure', data: '{"message":"a \\"b\\""}', isError: true },
    ]);
  });

  const frames = fc.array(
    fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ unit: 'grapheme', size: 'max', maxLength: 3000 })),
    {
      maxLength: 5,
    },
  );

  it('gives back what was framed, wherever chunks end', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(5000), { maxLength: 20 }), (written, cuts) => {
        const body = joined(written.map(([type, data]) => awsFrame({ ':event-type': type }, data)));
        const expected = written.map(([type, data]) => ({ type, data }));
        expect(
          framed(
            open(),
            body,
            cuts.filter((cut) => cut <= body.length),
          ),
        ).toEqual(expected);
        expect(framed(open(), body, everyByte(body))).toEqual(expected);
      }),
    );
  });

  it('is cut short when the body ends anywhere but between two frames', () => {
    const body = joined([awsFrame({ ':event-type': 'a' }, '{}'), awsFrame({ ':event-type': 'b' }, '{}')]);
    for (let end = 0; end <= body.length; end += 1) {
      const framer = open();
      const events = framed(framer, body.slice(0, end));
      expect(framer.broken).toBe(end % (body.length / 2) === 0 ? null : 'cut-short');
      expect(events.length).toBe(Math.floor(end / (body.length / 2)));
    }
    expect(errorOfBroken('cut-short').kind).toBe('cut');
    expect(errorOfBroken('bad-frame').kind).toBe('malformed');
  });

  it('finds any bit that fell over, and tells nothing of that frame', () => {
    const body = awsFrame({ ':message-type': 'event', ':event-type': 'messageStart' }, '{"a":1}');
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const bent = body.slice();
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const framer = open();
      expect(framed(framer, bent)).toEqual([]);
      expect(framer.broken).toBe('bad-checksum');
    }
  });

  /** A frame whose checksums are right and whose lengths may not be. */
  function forged(total: number, headersLength: number, rest: readonly number[]): Uint8Array {
    const frame = new Uint8Array(16 + rest.length);
    const view = new DataView(frame.buffer);
    view.setUint32(0, total);
    view.setUint32(4, headersLength);
    view.setUint32(8, crc32(frame, 0, 8));
    frame.set(rest, 12);
    view.setUint32(frame.length - 4, crc32(frame, 0, frame.length - 4));
    return frame;
  }

  it.each([
    ['shorter than itself', forged(15, 0, [])],
    ['no length at all', forged(0, 0, [])],
    ['headers longer than the frame', forged(16, 1, [])],
    ['headers whose sum wraps around', forged(20, 0xfffffff8, [0, 0, 0, 0])],
    ['a name that overruns', forged(18, 2, [9, 0])],
    ['a value that overruns', forged(20, 4, [1, 97, 4, 0])],
    ['a length that overruns', forged(22, 6, [1, 97, 7, 0, 9, 97])],
    ['a name without a type', forged(18, 2, [1, 97])],
    ['a type that there is not', forged(19, 3, [1, 97, 10])],
  ])('refuses %s', (_, frame) => {
    const framer = open();
    expect(framed(framer, frame)).toEqual([]);
    expect(framer.broken).toBe('bad-frame');
  });

  it('believes no length beyond its bound, and asks for no room for it', () => {
    const framer = open(1000);
    expect(framer.feed(forged(1001, 0, []))).toEqual([]);
    expect(framer.broken).toBe('too-long');
    expect(framed(open(1000), awsFrame({}, 'x'.repeat(984)))).toHaveLength(1);
  });

  it('is not moved by hostile bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ size: 'max', maxLength: 200 })), (chunks) => {
        const framer = open();
        for (const chunk of chunks) framer.feed(chunk);
        framer.end();
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ size: 'max', maxLength: 100 }), fc.nat(100), (rest, headersLength) => {
        const framer = open();
        framed(framer, forged(16 + rest.length, headersLength, [...rest]));
        expect(framer.broken).not.toBe('bad-checksum');
      }),
    );
  });

  it('sums as gzip does', () => {
    expect(crc32(bytesOf('123456789'), 0, 9)).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(), 0, 0)).toBe(0);
  });
});
