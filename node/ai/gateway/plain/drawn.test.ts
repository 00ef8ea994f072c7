import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DrawnMeter, drawnReading } from './drawn.js';

const picture = 'iVBORw0KGgo'.repeat(400);
const event = (type: string, more: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const partial = (index: number) =>
  event('image_generation.partial_image', { partial_image_index: index, b64_json: picture, size: '1024x1024' });
const usage = { total_tokens: 300, input_tokens: 50, output_tokens: 250, input_tokens_details: { text_tokens: 10 } };
const completed = event('image_generation.completed', { b64_json: picture, usage });

function met(text: string, cuts: readonly number[] = []) {
  const bytes = Buffer.from(text);
  const meter = new DrawnMeter();
  const borders = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let content = 0;
  borders.reduce((from, to) => {
    content += meter.feed(bytes.subarray(from, to));
    return to;
  }, 0);
  return { meter, content, end: meter.end() };
}

describe('a stream of images', () => {
  it('is whole with its last image, and says what it took, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), fc.nat(3), (cuts, partials) => {
        const text = Array.from({ length: partials }, (_, index) => partial(index)).join('') + completed;
        const { meter, content, end } = met(text, cuts);
        expect([end, meter.isWhole, meter.isErrorTold]).toEqual([null, true, false]);
        expect(meter.usage).toMatchObject({ input: 50, output: 250, isEstimated: false });
        expect(content).toBeGreaterThan(0);
      }),
    );
  });

  it('of edits is one as well', () => {
    const { meter, end } = met(
      event('image_edit.partial_image', { b64_json: 'AA' }) + event('image_edit.completed', { b64_json: 'AA', usage }),
    );
    expect([end, meter.isWhole, meter.usage?.output]).toEqual([null, true, 250]);
  });

  it('that ends before its last image was cut, wherever', () => {
    const text = partial(0) + completed;
    fc.assert(
      fc.property(fc.nat(text.length - 3), (length) => {
        expect(met(text.slice(0, length)).end).toMatchObject({ kind: 'cut' });
      }),
    );
  });

  it('says nothing by pings, comments and names of events', () => {
    for (const text of [
      ': ping\n\n',
      'event: ping\ndata: {"type":"ping"}\n\n',
      'event: image_generation.partial_image\ndata: {"type":',
    ])
      expect(met(text).content).toBe(0);
    expect(met(event('image_generation.partial_image', { b64_json: 'AA' })).content).toBe(1);
  });

  it('knows between two images from the middle of one', () => {
    const meter = new DrawnMeter();
    const bytes = Buffer.from(partial(0));
    meter.feed(bytes.subarray(0, 2_000));
    expect(meter.isBetween).toBe(false);
    meter.feed(bytes.subarray(2_000));
    expect(meter.isBetween).toBe(true);
  });

  it('fails by the error that it tells, or by what can not be read', () => {
    const error = event('error', {
      error: { type: 'image_generation_server_error', code: 'rate_limit_exceeded', message: 'busy' },
    });
    const told = met(partial(0) + error);
    expect([told.meter.isErrorTold, told.end]).toMatchObject([true, { kind: 'rateLimited', message: 'busy' }]);
    const endless = met(`data: ${'[1,'.repeat(40_000)}`);
    expect([endless.meter.isErrorTold, endless.end]).toMatchObject([false, { kind: 'malformed' }]);
  });

  it('that comes whole is none', () => {
    const meter = drawnReading.meter(200, ['content-type', 'application/json']);
    expect([meter.feed(Buffer.from('{"data":[]}')), meter.error]).toMatchObject([0, { kind: 'malformed' }]);
  });
});
