import { brotliDecompressSync, createBrotliDecompress, createGunzip } from 'node:zlib';
import { failure } from '@weir/proto/http/failures.js';
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import { describe, expect, it, vi } from 'vitest';
import {
  fakeClock,
  fakeTimers,
  makeExchange,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { compress } from './compress.js';

const TEXT = 'the same words again and again '.repeat(100);
const fields: HeaderList = ['content-type', 'text/plain', 'etag', '"v1"'];

function layer() {
  const counted: string[] = [];
  const clock = fakeClock();
  const timers = fakeTimers(clock);
  const base = makeServices({ clock, timers });
  const services = {
    ...base,
    observer: { ...base.observer, madeSmaller: (what: string) => void counted.push(what) },
  };
  const optimize = {
    ...{ fields: null, minify: false, etagBytesMax: 0 },
    compress: { minBytes: 10, types: ['text/*'], encodings: ['br' as const, 'gzip' as const], keptBytes: 1_000_000 },
  };
  const made = compress(makeRoute({ optimize }), services);
  if (made === null) throw new Error('the route needs it');
  const bottom = scriptedDispatch();
  const dispatch = made(bottom.dispatch);
  const begin = (method = 'GET', headers: HeaderList = ['accept-encoding', 'br'], consumerId: string | null = null) => {
    const handler = recordingHandler();
    const exchange = makeExchange();
    exchange.consumerId = consumerId;
    dispatch(makeRequest({ method, headers, exchange }), handler);
    return { handler, call: bottom.last() };
  };
  /** The answer to such a request, when it is there. */
  const ask = async (method = 'GET', headers: HeaderList = fields, text = TEXT, consumerId: string | null = null) => {
    const { handler, call } = begin(method, undefined, consumerId);
    if (method === 'HEAD') {
      call.head(200, headers, text.length);
      call.complete();
    } else call.answer(200, headers, text);
    await vi.waitFor(() => expect(handler.ended).toBe(true));
    const bytes = Buffer.concat(handler.chunks);
    return { handler, text: bytes.length === 0 ? '' : brotliDecompressSync(bytes).toString() };
  };
  return { begin, ask, counted, clock, timers, forms: services.keptForms };
}

/** A kept form is sent with its length. */
const isKept = ({ handler }: { handler: { head: { lengthBytes: number | null } | null } }): boolean =>
  handler.head?.lengthBytes !== null;

describe('kept forms', () => {
  it('are those of GET and HEAD: an answer to another method is not given for them, nor one of theirs to it', async () => {
    const { ask, forms } = layer();
    expect((await ask('POST', fields, 'what the post has done '.repeat(50))).text).toContain('what the post has done');
    expect(forms.count).toBe(0);
    const first = await ask();
    expect([first.text, isKept(first)]).toEqual([TEXT, false]);
    const [second, head, posted] = [await ask(), await ask('HEAD'), await ask('POST', fields, 'posted '.repeat(50))];
    expect([second.text, isKept(second), isKept(head), head.handler.chunks.length]).toEqual([TEXT, true, true, 0]);
    expect(posted.text).toBe('posted '.repeat(50));
  });

  it.each([
    ['private="x-user"', false],
    ['Private', false],
    ['no-store=1', false],
    ['max-age=60, NO-STORE', false],
    ['ext="a, private"', true],
    ['max-age=60', true],
    ['s-maxage="60', false],
  ])('are kept of an answer that says %s: %s', async (directives, isOne) => {
    const { ask, forms } = layer();
    await ask('GET', [...fields, 'cache-control', directives]);
    expect(forms.count).toBe(isOne ? 1 : 0);
  });

  it.each([
    ['public', true],
    ['public=1', true],
    ['ext="a, public"', false],
    ['max-age=60', false],
  ])('of a consumer’s answer that says %s: %s', async (directives, isOne) => {
    const { ask, forms } = layer();
    await ask('GET', [...fields, 'cache-control', directives], TEXT, 'ann');
    expect(forms.count).toBe(isOne ? 1 : 0);
  });

  it('that were sent are whole though the upstream fails behind them, which is counted', async () => {
    const { ask, begin, counted } = layer();
    await ask();
    const { handler, call } = begin();
    call.head(200, fields);
    call.data('the');
    call.fail(failure('response_incomplete', 'it broke off'));
    expect([handler.failure, handler.events]).toEqual([null, ['onHeaders', 'onData', 'onComplete']]);
    expect(brotliDecompressSync(Buffer.concat(handler.chunks)).toString()).toBe(TEXT);
    expect(counted).toEqual(['outlived']);
    const other = begin();
    other.call.head(200, ['content-type', 'text/plain', 'etag', '"v2"']);
    other.call.fail(failure('response_incomplete', 'it broke off'));
    expect([other.handler.failure?.code, counted.length]).toEqual(['response_incomplete', 1]);
  });
});

describe('an answer that comes slowly', () => {
  it.each(['br', 'gzip'])('is sent in %s as far as it has come, and is whole in the end', async (coding) => {
    const { begin, clock, timers } = layer();
    const { handler, call } = begin('GET', ['accept-encoding', coding]);
    call.head(200, fields);
    call.data(TEXT);
    clock.advance(60);
    call.data('behind it');
    clock.advance(39);
    expect(timers.armed).toBe(1);
    clock.advance(1);
    const opened = (): Promise<string> =>
      new Promise((resolve) => {
        const stream = coding === 'br' ? createBrotliDecompress() : createGunzip();
        let text = '';
        stream.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        stream.on('error', () => resolve(text));
        stream.on('end', () => resolve(text));
        stream.end(Buffer.concat(handler.chunks));
      });
    await vi.waitFor(async () => expect(await opened()).toBe(`${TEXT}behind it`));
    call.data(' and more');
    call.complete();
    await vi.waitFor(() => expect(handler.ended).toBe(true));
    expect([await opened(), timers.armed]).toEqual([`${TEXT}behind it and more`, 0]);
  });

  it('leaves no timer behind when its client leaves, or it fails', () => {
    const { begin, timers } = layer();
    const failing = begin();
    failing.call.head(200, fields);
    failing.call.data(TEXT);
    expect(timers.armed).toBe(1);
    failing.call.fail(failure('response_incomplete', 'it broke off'));
    expect(timers.armed).toBe(0);
  });
});

describe('what is compressed', () => {
  it.each([
    ['no-transform', false],
    ['max-age=1, No-Transform', false],
    ['no-transform=x', false],
    ['no-transformers', true],
    ['ext="no-transform"', true],
  ])('is an answer that says %s: %s', async (directives, isOne) => {
    const { begin } = layer();
    const { handler, call } = begin();
    call.head(200, [...fields, 'cache-control', directives]);
    expect(headerValue(handler.headers, 'content-encoding')).toBe(isOne ? 'br' : undefined);
    call.fail(failure('response_incomplete', 'the test is over'));
  });

  it('is what If-Match names, or is refused; a condition is never lost, nor passed as it is', () => {
    const { begin } = layer();
    const asked = (method: string, name: string, value: string, coding = 'br') => {
      const { handler, call } = begin(method, [...(coding === '' ? [] : ['accept-encoding', coding]), name, value]);
      const below = headerValue(call.request.headers, name);
      if (method === 'GET') call.head(200, fields);
      const { status } = handler;
      if (status !== 412) call.fail(failure('response_incomplete', 'the test is over'));
      return [below, status];
    };
    expect(asked('GET', 'if-match', '"v1;w=br"')).toEqual(['"v1"', 200]);
    expect(asked('GET', 'if-match', '"v1"')).toEqual(['"v1"', 412]);
    expect(asked('GET', 'if-match', 'W/"v1;w=br"')).toEqual(['W/"v1;w=br"', 412]);
    expect(asked('GET', 'if-match', '"v1;w=gzip"')).toEqual(['"v1;w=gzip"', 412]);
    // To read it as it is, what was compressed is another representation: the upstream says so.
    expect(asked('GET', 'if-match', '"v1;w=br"', '')[0]).toBe('"v1;w=br"');
    // To change it, it is the same state in whatever coding it was read.
    for (const coding of ['', 'br', 'gzip'])
      for (const name of ['if-match', 'if-none-match'])
        expect(asked('PUT', name, '"v1;w=br", "v2;w=gzip", "v3", "v4;w=f-x"', coding)[0]).toBe(
          '"v1", "v2", "v3", "v4;w=f-x"',
        );
    expect(asked('PUT', 'if-match', 'W/"v1;w=br"')[0]).toBe('W/"v1;w=br"');
    expect(asked('PUT', 'if-none-match', '*')[0]).toBe('*');
  });
});
