import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWrong } from './read.js';
import { readTranscriptionForm, withModel } from './transcriptions.js';

const BOUNDARY = 'boundary-1';
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

interface Field {
  readonly head: string;
  readonly content: Uint8Array;
}

const field = (name: string, content: string): Field => ({
  head: `Content-Disposition: form-data; name="${name}"`,
  content: new TextEncoder().encode(content),
});
const sound = (content: Uint8Array): Field => ({
  head: 'Content-Disposition: form-data; filename="model"; name="file"\r\nContent-Type: audio/wav',
  content,
});

function form(fields: readonly Field[], boundary = BOUNDARY): Uint8Array {
  const parts = fields.flatMap(({ head, content }) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]));
}

const name = fc.stringMatching(/^[a-zA-Z0-9/._-]{1,40}$/);
/** What does not hold the delimiter itself, but much that looks like it. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc
        .constantFrom('\r\n', `\r\n--${BOUNDARY.slice(0, -1)}`, 'name="model"\r\n\r\n')
        .map((text) => new TextEncoder().encode(text)),
    ),
  )
  .map((pieces) => new Uint8Array(Buffer.concat(pieces)))
  .filter((bytes) => !Buffer.from(bytes).includes(`\r\n--${BOUNDARY}`));

describe('a transcription form', () => {
  it('has its model found and replaced, and every other byte left as it was', () => {
    fc.assert(
      fc.property(name, name, content, fc.boolean(), (model, other, bytes, isFirst) => {
        const fields = [sound(bytes), field('language', 'en')];
        const with_ = (named: string) =>
          form(isFirst ? [field('model', named), ...fields] : [...fields, field('model', named)]);
        const read = readTranscriptionForm(with_(model), TYPE);
        if (isWrong(read)) throw new Error(read.message);
        expect(read.model).toBe(model);
        expect(Buffer.concat(withModel(with_(model), read, other))).toEqual(Buffer.from(with_(other)));
      }),
    );
  });

  it.each([
    ['no form', new Uint8Array(), 'application/json', ''],
    ['no boundary', form([field('model', 'm')]), 'multipart/form-data', ''],
    ['another boundary', form([field('model', 'm')], 'other'), TYPE, ''],
    ['no model', form([field('language', 'en')]), TYPE, 'model'],
    ['an empty model', form([field('model', '')]), TYPE, 'model'],
    ['a model of any length', form([field('model', 'm'.repeat(257))]), TYPE, 'model'],
    [
      'a head without an end',
      form([{ head: `Content-Disposition: form-data; name="x${'y'.repeat(9000)}"`, content: new Uint8Array() }]),
      TYPE,
      '',
    ],
    ['no end', form([field('model', 'm')]).subarray(0, 70), TYPE, ''],
    [
      'too many fields',
      form([...Array.from({ length: 128 }, () => field('x', '')), field('model', 'm')]),
      TYPE,
      'model',
    ],
  ])('with %s is told so', (_, body, type, wrong) => {
    const read = readTranscriptionForm(body, type);
    expect(isWrong(read) ? read.field : null).toBe(wrong);
  });

  it('may have its boundary quoted, and a model of many bytes', () => {
    const read = readTranscriptionForm(
      form([field('model', 'Größe')]),
      `Multipart/Form-Data; charset=x; boundary="${BOUNDARY}"`,
    );
    expect(read).toMatchObject({ model: 'Größe' });
  });

  it('never throws, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(200), fc.string(), (bytes, cut, type) => {
        const whole = form([sound(bytes), field('model', 'm')]);
        expect(readTranscriptionForm(whole.subarray(0, cut), TYPE)).toBeTypeOf('object');
        expect(readTranscriptionForm(bytes, type)).toBeTypeOf('object');
      }),
    );
  });
});
