import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWrong } from '../../operations/read.js';
import { readTranscription, type TranscriptionRequest } from '../../operations/transcriptions.js';
import { providerOf } from '../registry.js';
import { transcriptIn } from './transcriptions.js';

const SOUND = new Uint8Array([0, 13, 10, 45, 45, 255, 200]);

function asked(
  fields: Readonly<Record<string, string>> = {},
  file = 'filename="a.wav"',
  type = 'audio/wav',
): TranscriptionRequest {
  const part = (head: string, content: Uint8Array) => [
    Buffer.from(`--b\r\n${head}\r\n\r\n`),
    content,
    Buffer.from('\r\n'),
  ];
  const body = Buffer.concat([
    ...part('content-disposition: form-data; name="model"', Buffer.from('g/gemini-2.5-flash')),
    ...part(`content-disposition: form-data; name="file"; ${file}\r\ncontent-type: ${type}`, SOUND),
    ...Object.entries(fields).flatMap(([name, value]) =>
      part(`content-disposition: form-data; name="${name}"`, Buffer.from(value)),
    ),
    Buffer.from('--b--\r\n'),
  ]);
  const read = readTranscription(new Uint8Array(body), 'multipart/form-data; boundary=b');
  if (isWrong(read)) throw new Error(read.message);
  return read;
}

function question(request: TranscriptionRequest, kind = 'gemini', model = 'gemini-2.5-flash') {
  const hearing = providerOf(kind)?.operations?.transcriptions;
  if (hearing === undefined || 'place' in hearing) throw new Error('Gemini hears by itself');
  return hearing.request(request, { model, basePath: '/v1beta', settings: { project: 'p', location: 'l' } });
}
const lacks = (request: TranscriptionRequest) => question(request).lacks.map(({ field }) => field);

describe('a transcription by Gemini', () => {
  it('is a chat with the sound in it, and what the form says of it', () => {
    const { path, body, lacks: none } = question(asked({ language: 'de', prompt: 'Weir, Wehr', temperature: '0.2' }));
    expect([path, none]).toEqual(['/v1beta/models/gemini-2.5-flash:generateContent', []]);
    const data = Buffer.from(SOUND).toString('base64');
    expect(body).toMatchObject({
      contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'audio/wav', data } }, {}] }],
      generationConfig: { responseMimeType: 'application/json', temperature: 0.2 },
    });
    expect(JSON.stringify(body)).toContain('is spoken: de');
    expect(JSON.stringify(body)).toContain('Weir, Wehr');
    expect(question(asked(), 'vertex').path).toBe(
      '/v1beta/projects/p/locations/l/publishers/google/models/gemini-2.5-flash:generateContent',
    );
  });

  it.each([
    ['filename="a.mp3"', 'application/octet-stream', 'audio/mp3'],
    ['filename="a"', 'audio/mpeg', 'audio/mp3'],
    ['filename="A.FLAC"', '', 'audio/flac'],
    ['filename="a.oga"', 'audio/ogg', 'audio/ogg'],
  ])('knows the kind of sound by its type or its name: %s, %s', (file, type, mimeType) => {
    const { body, lacks: none } = question(asked({}, file, type));
    expect([JSON.stringify(body).includes(`"${mimeType}"`), none]).toEqual([true, []]);
  });

  it.each([
    [{ response_format: 'srt' }, 'response_format'],
    [{ response_format: 'vtt' }, 'response_format'],
    [{ response_format: 'diarized_json' }, 'response_format'],
    [{ stream: 'true' }, 'stream'],
    [{ temperature: '2' }, 'temperature'],
    [{ 'timestamp_granularities[]': 'word' }, 'timestamp_granularities'],
    [{ 'include[]': 'logprobs' }, 'include'],
    [{ chunking_strategy: 'auto' }, 'chunking_strategy'],
  ])('has no %o, and says so', (fields, field) => {
    expect(lacks(asked(fields))).toEqual([field]);
  });

  it.each(['json', 'text', 'verbose_json'])('is told as %s', (format) => {
    expect(lacks(asked({ response_format: format }))).toEqual([]);
  });

  it('of a sound that Gemini does not know, or by a model that hears none, is refused', () => {
    const { lacks: unheard, body } = question(asked({}, 'filename="a.m4a"', 'audio/x-m4a'));
    expect(unheard).toEqual([{ field: 'file', why: 'Gemini hears MP3, WAV, AIFF, AAC, OGG and FLAC' }]);
    // Where that is dropped the sound still goes along.
    expect(JSON.stringify(body)).toContain(Buffer.from(SOUND).toString('base64'));
    expect(question(asked(), 'vertex', 'claude-sonnet-4').lacks[0]?.field).toBe('model');
  });
});

const said = (text: string, more: object = {}, finishReason = 'STOP') => ({
  candidates: [{ content: { parts: [{ thought: true, text: 'hm' }, { text }] }, finishReason }],
  usageMetadata: {
    promptTokenCount: 100,
    candidatesTokenCount: 9,
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: 36 },
      { modality: 'AUDIO', tokenCount: 64 },
    ],
  },
  ...more,
});

describe('what Gemini heard', () => {
  it('is the text, its language, and how long it took', () => {
    expect(transcriptIn(said('{"language":"en","text":"Hi \\"you\\""}'))).toMatchObject({
      ...{ text: 'Hi "you"', language: 'en', durationS: 2 },
      usage: { input: 100, output: 9, isEstimated: false },
    });
    const unknown = transcriptIn(said('{"language":"","text":""}', { usageMetadata: {} }));
    expect(unknown).toMatchObject({ text: '', language: null, durationS: null });
  });

  it.each([
    ['a text that was cut', said('{"language":"en","text":"Hi', {}, 'MAX_TOKENS'), 'requestTooLarge'],
    ['one that was held back', said('', {}, 'RECITATION'), 'contentFiltered'],
    ['a question that was refused', { promptFeedback: { blockReason: 'SAFETY' } }, 'contentFiltered'],
    ['no JSON', said('Hi'), 'malformed'],
    ['no end', { candidates: [{ content: { parts: [{ text: '{"language":"en","text":"Hi"}' }] } }] }, 'malformed'],
    ['nothing', {}, 'malformed'],
  ])('is never told where it is %s', (_what, body, kind) => {
    expect(transcriptIn(body)).toMatchObject({ kind });
  });

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.json(), (body, text) => {
        for (const answer of [body, said(text)]) {
          const read = transcriptIn(answer);
          if ('kind' in read) expect(read.message).not.toBe('');
          else expect(read.text).toBeTypeOf('string');
        }
      }),
    );
  });
});
