/** Images at each provider: what is asked for, whole and as a stream, and what is answered. In the shapes of their published references. */
import { describe, expect, it } from 'vitest';
import { readImages } from '../operations/images.js';
import { isWrong } from '../operations/read.js';
import type { ProviderPlace } from '../provider.js';
import type { CompatibleTerms } from './compatible/read-terms.js';
import { providerOf } from './registry.js';

const settings = { project: 'p', location: 'l', region: 'r', resource: 'x', accountId: 'a' };
const at = (model: string, basePath = ''): ProviderPlace => ({ model, basePath, settings });
const draw = (more: object = {}) => {
  const read = readImages({ model: 'm', prompt: 'a hat', ...more });
  if (isWrong(read)) throw new Error(read.message);
  return read;
};
const operationsOf = (kind: string) => providerOf(kind)?.operations ?? {};

describe('images of', () => {
  it('OpenAI are asked for in its words', () => {
    const { images } = operationsOf('openai');
    const asked = images?.request(
      draw({ n: 2, size: '1024x1024', response_format: 'b64_json', background: 'opaque' }),
      at('dall-e-3', '/v1'),
    );
    expect(asked).toMatchObject({
      ...{ path: '/v1/images/generations', lacks: [] },
      body: {
        model: 'dall-e-3',
        prompt: 'a hat',
        n: 2,
        size: '1024x1024',
        response_format: 'b64_json',
        background: 'opaque',
      },
    });
    const newer = images?.request(draw({ response_format: 'b64_json' }), at('gpt-image-1', '/v1'));
    expect([newer?.body, newer?.lacks]).toEqual([{ model: 'gpt-image-1', prompt: 'a hat' }, []]);
    const url = images?.request(draw({ response_format: 'url' }), at('gpt-image-1', '/v1'));
    expect(url?.lacks.map(({ field }) => field)).toEqual(['response_format']);
    const usage = { input_tokens: 5, output_tokens: 9, total_tokens: 14 };
    expect(images?.answer({ created: 7, data: [{ b64_json: 'AAAA' }], usage }, draw(), [])).toEqual({
      createdS: 7,
      images: [{ content: { kind: 'base64', base64: 'AAAA' }, revisedPrompt: null }],
      tokens: { input: 5, output: 9 },
    });
  });

  it.each([
    ['gemini', at('imagen-4.0-generate-001', '/v1beta'), '/v1beta/models/imagen-4.0-generate-001:predict'],
    [
      'vertex',
      at('imagen-4.0-generate-001', '/v1'),
      '/v1/projects/p/locations/l/publishers/google/models/imagen-4.0-generate-001:predict',
    ],
  ])('%s are drawn by Imagen', (kind, place, path) => {
    const { images } = operationsOf(kind);
    const asked = images?.request(draw({ n: 2, size: '1408x768' }), place);
    expect([asked?.path, asked?.body, asked?.lacks]).toEqual([
      path,
      { instances: [{ prompt: 'a hat' }], parameters: { sampleCount: 2, aspectRatio: '16:9' } },
      [],
    ]);
    const lacks = images?.request(draw({ size: '1536x1024', quality: 'high', response_format: 'url' }), place).lacks;
    expect(lacks?.map(({ field }) => field)).toEqual(['size', 'response_format', 'quality']);
    expect(images?.request(draw(), { ...place, model: 'gemini-2.5-flash-image' }).lacks[0]?.field).toBe('model');
    const answer = { predictions: [{ mimeType: 'image/png', bytesBase64Encoded: 'AAAA' }] };
    expect(images?.answer(answer, draw(), [])).toMatchObject({
      images: [{ content: { kind: 'base64', base64: 'AAAA' } }],
    });
    for (const filtered of [{}, { predictions: [{ raiFilteredReason: 'policy' }] }])
      expect(images?.answer(filtered, draw(), [])).toMatchObject({ kind: 'contentFiltered' });
  });
});

describe('images that stream', () => {
  const asked = (kind: string, model = 'gpt-image-1', own?: CompatibleTerms) =>
    providerOf(kind, own)?.operations?.images?.request(draw({ stream: true, partial_images: 2 }), at(model));

  it.each([
    ['openai', undefined],
    ['azure-openai', undefined],
    ['compatible', undefined],
    ['together', { streamsImages: true }],
  ])('are asked for where the provider has them: %s', (kind, own) => {
    expect(asked(kind, 'gpt-image-1', own)).toMatchObject({ body: { stream: true, partial_images: 2 }, lacks: [] });
  });

  it.each([
    ['together', 'flux', 'Together'],
    ['openai', 'dall-e-3', 'this model'],
    ['gemini', 'imagen-4.0', 'Imagen'],
    ['vertex', 'imagen-4.0', 'Imagen'],
  ])('are refused with a sentence elsewhere, and not asked for: %s', (kind, model, who) => {
    const question = asked(kind, model);
    expect(question?.lacks.map(({ field }) => field)).toEqual(['stream', 'partial_images']);
    for (const { why } of question?.lacks ?? []) expect(why).toContain(who);
    expect(JSON.stringify(question?.body)).not.toMatch(/stream|partial/);
  });
});
