import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Wanted, withContent } from './form.js';
import { readImageEdit } from './image-edits.js';
import { isWrong } from './read.js';
import { readTranscription, transcriptAnswer } from './transcriptions.js';

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

describe('a form', () => {
  it('has its model found and replaced, and every other byte left as it was', () => {
    fc.assert(
      fc.property(name, name, content, fc.boolean(), (model, other, bytes, isFirst) => {
        const fields = [sound(bytes), field('language', 'en')];
        const with_ = (named: string) =>
          form(isFirst ? [field('model', named), ...fields] : [...fields, field('model', named)]);
        const read = readTranscription(with_(model), TYPE);
        if (isWrong(read)) throw new Error(read.message);
        expect(read.model).toBe(model);
        expect(Buffer.concat(withContent(with_(model), read.modelPart, other))).toEqual(Buffer.from(with_(other)));
        const file = read.form.part('file');
        expect(file).toMatchObject({ fileName: 'model', mediaType: 'audio/wav' });
        if (file !== null) expect(Buffer.from(read.form.bytes(file))).toEqual(Buffer.from(bytes));
        expect(read.form.parts.map(({ name: one }) => one).sort()).toEqual(['file', 'language', 'model']);
        expect(read.form.text('language')).toBe('en');
      }),
    );
  });

  it.each([
    ['no form', new Uint8Array(), 'application/json', ''],
    ['no boundary', form([field('model', 'm')]), 'multipart/form-data', ''],
    ['another boundary', form([field('model', 'm')], 'other'), TYPE, ''],
    ['no model', form([field('language', 'en')]), TYPE, 'model'],
    ['no sound', form([field('model', 'm')]), TYPE, 'file'],
    ['an empty model', form([field('model', '')]), TYPE, 'model'],
    ['a model of any length', form([field('model', 'm'.repeat(257))]), TYPE, 'model'],
    [
      'a head without an end',
      form([{ head: `Content-Disposition: form-data; name="x${'y'.repeat(9000)}"`, content: new Uint8Array() }]),
      TYPE,
      '',
    ],
    ['no end', form([field('model', 'm')]).subarray(0, 70), TYPE, ''],
    ['too many fields', form([...Array.from({ length: 128 }, () => field('x', '')), field('model', 'm')]), TYPE, ''],
  ])('with %s is told so', (_, body, type, wrong) => {
    const read = readTranscription(body, type);
    expect(isWrong(read) ? read.field : null).toBe(wrong);
  });

  it('may have its boundary quoted, and a model of many bytes', () => {
    const read = readTranscription(
      form([field('model', 'Größe'), sound(new Uint8Array())]),
      `Multipart/Form-Data; charset=x; boundary="${BOUNDARY}"`,
    );
    expect(read).toMatchObject({ model: 'Größe' });
  });

  it('never throws, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(200), fc.string(), (bytes, cut, type) => {
        const whole = form([sound(bytes), field('model', 'm')]);
        expect(readTranscription(whole.subarray(0, cut), TYPE)).toBeTypeOf('object');
        expect(readTranscription(bytes, type)).toBeTypeOf('object');
      }),
    );
  });
});

describe('bytes that are looked for', () => {
  it('are found where they lie first, before the end that is given', () => {
    const few = fc.uint8Array({ min: 0, max: 2, minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        few,
        fc.uint8Array({ min: 0, max: 2, size: 'max', maxLength: 60 }),
        fc.nat(60),
        fc.nat(80),
        (wanted, body, from, to) => {
          const at = Buffer.from(body).indexOf(wanted, from);
          expect(new Wanted(wanted).find(body, from, to)).toBe(at !== -1 && at >= from && at < to ? at : -1);
        },
      ),
    );
  });

  it('are found in megabytes that look like them', () => {
    const body = new Uint8Array(4_000_000).fill(0x2d);
    body.set(Buffer.from(`\r\n--${BOUNDARY}`), 3_999_000);
    expect(new Wanted(Buffer.from(`\r\n--${BOUNDARY}`)).find(body, 0, body.length)).toBe(3_999_000);
  });
});

describe('an edit of images', () => {
  const image = (name: string): Field => ({
    head: `Content-Disposition: form-data; name="${name}"; filename="a.png"\r\nContent-Type: image/png`,
    content: new Uint8Array([1, 13, 10, 2]),
  });
  const edit = (...more: readonly Field[]) => form([field('model', 'gpt-image-1'), image('image[]'), ...more]);

  it('says how much is asked for', () => {
    const more = [image('image[]'), image('mask'), field('prompt', 'a hat'), field('n', '2')];
    expect(readImageEdit(edit(...more, field('stream', 'true'), field('partial_images', '3')), TYPE)).toMatchObject({
      ...{ model: 'gpt-image-1', prompt: 'a hat', count: 2, partials: 3, images: 3, isStream: true },
    });
    expect(readImageEdit(edit(), TYPE)).toMatchObject({ count: 1, partials: 0, images: 1, isStream: false });
  });

  it.each([
    ['n', '11'],
    ['n', '-1'],
    ['partial_images', '4'],
    ['partial_images', 'x'],
  ])('with %s of %s is told so', (name_, value) => {
    const read = readImageEdit(edit(field(name_, value)), TYPE);
    expect(isWrong(read) ? read.field : null).toBe(name_);
  });

  it('without a model, or that is no form, is told so', () => {
    expect(readImageEdit(form([field('prompt', 'x')]), TYPE)).toMatchObject({ field: 'model' });
    expect(readImageEdit(new Uint8Array(), 'application/json')).toMatchObject({ field: '' });
  });
});

describe('a transcript', () => {
  const usage = { input: 5, output: 3, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false };
  const told = { text: 'Hello', language: 'en', durationS: 2, usage };

  it('is told as it was asked for, and says no more than is known', () => {
    const words = { type: 'tokens', input_tokens: 5, output_tokens: 3, total_tokens: 8 };
    expect(transcriptAnswer(told, 'json')).toEqual({ text: 'Hello', usage: words });
    expect(transcriptAnswer(told, 'text')).toBe('Hello\n');
    const verbose = { task: 'transcribe', language: 'en', duration: 2, text: 'Hello', usage: words };
    expect(transcriptAnswer(told, 'verbose_json')).toEqual(verbose);
    const unknown = { ...told, language: null, durationS: null, usage: null };
    expect(transcriptAnswer(unknown, 'verbose_json')).toEqual({ task: 'transcribe', text: 'Hello' });
  });
});
