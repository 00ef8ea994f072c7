import { createHmac } from 'node:crypto';
import { failure } from '@weir/proto/http/failures.js';
import { combinedValue, type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { ListSpec, OptimizeSpec } from '@weir/proto/snapshot/optimize.js';
import { describe, expect, it } from 'vitest';
import type { GatewayRequest } from '../pipeline/dispatch.js';
import { makeRequest, recordingHandler, type ScriptedCall, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { createHeldBytes } from '../upstream/retry/held-bytes.js';
import { select } from './select.js';

const JSON_TYPE: HeaderList = ['content-type', 'application/json'];
const list: ListSpec = {
  ...{ path: [], limit: 2, limitMax: 3, pageBytesMax: 1_000, parameters: { limit: 'limit', cursor: 'cursor' } },
  ...{ wrap: { items: 'items', next: 'next' }, secret: null, upstream: { kind: 'whole' } },
};

function layer(optimize: Partial<OptimizeSpec>, heldBytesMax = 10_000) {
  const counted: string[] = [];
  const base = makeServices();
  const heldBytes = createHeldBytes(heldBytesMax);
  const services = {
    ...{
      ...base,
      heldBytes,
      sign: (key: string, text: string) => createHmac('sha256', key).update(text).digest('base64url'),
    },
    observer: { ...base.observer, madeSmaller: (what: string) => void counted.push(what) },
  };
  const spec: OptimizeSpec = { fields: null, minify: false, compress: null, etagBytesMax: 0, ...optimize };
  const made = select(makeRoute({ optimize: spec }), services);
  if (made === null) throw new Error('the route needs it');
  const bottom = scriptedDispatch();
  const dispatch = made(bottom.dispatch);
  const ask = (query: string, headers: HeaderList = [], method = 'GET', at: Partial<GatewayRequest> = {}) => {
    const handler = recordingHandler();
    const cancel = dispatch(makeRequest({ query, headers, method, ...at }), handler);
    return { handler, cancel, call: bottom.last() };
  };
  const refused = (query: string, at: Partial<GatewayRequest> = {}): string => {
    const asked = bottom.calls.length;
    const handler = recordingHandler();
    dispatch(makeRequest({ query, ...at }), handler);
    expect([bottom.calls.length, handler.failure?.code]).toEqual([asked, 'bad_request']);
    return handler.failure?.detail ?? '';
  };
  return { ask, refused, counted, heldBytes };
}

const answerJson = (call: ScriptedCall, value: unknown, headers: HeaderList = []): void =>
  call.answer(200, [...JSON_TYPE, ...headers], JSON.stringify(value));

/** The query of the next page; null: there is none. */
function nextIn(headers: HeaderList): string | null {
  return /^<\?(.*)>; rel="next"$/.exec(headerValue(headers, 'link') ?? '')?.[1] ?? null;
}

describe('a list', () => {
  it('is sent page by page: what is below has one URL, and the links lead through all of it', () => {
    const { ask, counted, heldBytes } = layer({ list });
    const seen: unknown[] = [];
    let query: string | null = 'b=2&a=1';
    for (let pages = 0; query !== null; pages += 1) {
      expect(pages).toBeLessThan(5);
      const { handler, call } = ask(query, ['accept-encoding', 'br', 'range', 'bytes=0-9']);
      expect([call.request.query, headerValue(call.request.headers, 'accept-encoding')]).toEqual([
        'b=2&a=1',
        undefined,
      ]);
      expect(headerValue(call.request.headers, 'range')).toBe(undefined);
      answerJson(call, [1, 2, 3, 4, 5], ['content-length', '11', 'link', '</all?page=2>; rel=next, </x>; rel=author']);
      const body = JSON.parse(handler.text());
      seen.push(...body.items);
      const links = combinedValue(handler.headers, 'link') ?? '';
      expect([links.startsWith('</x>; rel=author'), links.includes('page=2')]).toEqual([true, false]);
      query = /<\?([^>]*)>; rel="next"/.exec(links)?.[1] ?? null;
      expect(body.next).toBe(query === null ? null : new URLSearchParams(query).get('cursor'));
      expect([handler.head?.lengthBytes, handler.ended]).toEqual([handler.text().length, true]);
    }
    expect([seen, counted, heldBytes.bytes]).toEqual([[1, 2, 3, 4, 5], ['paged', 'paged', 'paged'], 0]);
  });

  it.each([
    ['whole', '4]'],
    ['broken', '{"no json'],
    ['cut off', ''],
  ])('that is wrapped is not looked at behind its page: %s', (_what, rest) => {
    const { ask, counted, heldBytes } = layer({ list });
    const { handler, call } = ask('');
    call.head(200, JSON_TYPE);
    expect(call.data('[1,2,3,')).toBe(true);
    expect(JSON.parse(handler.text()).items).toEqual([1, 2]);
    handler.open = false; // Nobody waits for a client that has all of it.
    if (rest !== '') expect(call.data(rest)).toBe(true);
    call.complete();
    expect([handler.ended, handler.failure, counted, heldBytes.bytes]).toEqual([true, null, ['paged'], 0]);
  });

  it('keeps what stands around it where it is not wrapped', () => {
    const { ask } = layer({ list: { ...list, path: ['data', 'items'], wrap: null } });
    const { handler, call } = ask('limit=1');
    answerJson(call, { n: 3, data: { items: [1, 2, 3], more: true }, z: [] });
    expect(JSON.parse(handler.text())).toEqual({ n: 3, data: { items: [1], more: true }, z: [] });
    expect(nextIn(handler.headers)).toMatch(/^limit=1&cursor=/);
  });

  it('has fields as well, of the answer as clients see it, and the link keeps them', () => {
    const { ask } = layer({ list, fields: { parameter: 'fields' } });
    const { handler, call } = ask('fields=items(id)&limit=1');
    expect(call.request.query).toBe('');
    answerJson(call, [{ id: 1, x: 2 }, { id: 3 }]);
    expect(handler.text()).toBe('{"items":[{"id":1}]}');
    expect(nextIn(handler.headers)).toMatch(/^fields=items\(id\)&limit=1&cursor=/);
  });

  it('has no longer page than the route allows, whatever is asked for', () => {
    const { ask } = layer({ list });
    const { handler, call } = ask(`limit=${'9'.repeat(300)}`);
    answerJson(call, [1, 2, 3, 4, 5]);
    expect(JSON.parse(handler.text()).items).toEqual([1, 2, 3]);
  });

  it('has cursors of its own: those of another list, filter, host or key are told, and nobody is asked', () => {
    const { ask, refused } = layer({ list });
    const { handler, call } = ask('a=1');
    answerJson(call, [1, 2, 3]);
    const query = nextIn(handler.headers) ?? '';
    const cursor = new URLSearchParams(query).get('cursor') ?? '';
    for (const [other, at] of [
      [`a=2&cursor=${cursor}`, {}],
      [`cursor=${cursor}`, {}],
      [query, { path: '/other' }],
      [query, { authority: 'other.test' }],
      ['a=1&cursor=', {}],
      [`a=1&cursor=${cursor}x`, {}],
      ['a=1&cursor=YTI.AAAAAAAAAAAAAAAAAAAAAA', {}],
      ['a=1&cursor=__proto__', {}],
    ] as const)
      expect([other, refused(other, at).includes('`cursor` is none of this list')]).toEqual([other, true]);
    expect(refused('limit=0')).toContain('`limit`');
    const signed = layer({ list: { ...list, secret: 'secret' } });
    expect(signed.refused(query)).toContain('none of this list');
    expect(signed.counted).toEqual(['page_refused']);
    // The same in another order is the same question.
    const again = ask(`limit=3&${query}`);
    answerJson(again.call, [1, 2, 3]);
    expect(JSON.parse(again.handler.text())).toEqual({ items: [3], next: null });
  });

  it('of an upstream that pages in its own way is asked for in that way', () => {
    const offset = layer({ list: { ...list, upstream: { kind: 'offset', offset: 'skip', limit: 'take', max: 50 } } });
    const { call, handler } = offset.ask('a=1&skip=7&take=900');
    expect(call.request.query).toBe('a=1&skip=0&take=3');
    answerJson(call, [1, 2, 3]);
    expect(JSON.parse(handler.text()).items).toEqual([1, 2]);
    const second = offset.ask(nextIn(handler.headers) ?? '');
    expect(second.call.request.query).toBe('a=1&skip=2&take=3');
    answerJson(second.call, [3]);
    expect(JSON.parse(second.handler.text())).toEqual({ items: [3], next: null });

    const way = { kind: 'cursor', cursor: 'after', limit: 'n', max: 9, next: ['meta', 'next'] } as const;
    const cursor = layer({ list: { ...list, path: ['rows'], upstream: way } });
    const first = cursor.ask('');
    expect(first.call.request.query).toBe('n=2');
    answerJson(first.call, { rows: [1, 2], meta: { next: 'a b&c' } });
    const next = cursor.ask(nextIn(first.handler.headers) ?? '');
    expect(next.call.request.query).toBe('after=a%20b%26c&n=2');
    answerJson(next.call, { rows: [3], meta: { next: null } });
    expect(JSON.parse(next.handler.text())).toEqual({ items: [3], next: null });
  });

  it('is cut shorter where a page has too many bytes, and goes on behind', () => {
    const { ask, counted } = layer({ list: { ...list, limit: 3, pageBytesMax: 30 } });
    const { handler, call } = ask('');
    answerJson(call, ['x'.repeat(20), 'y'.repeat(20), 'z'.repeat(20)]);
    expect(JSON.parse(handler.text()).items).toEqual(['x'.repeat(20)]);
    expect(counted).toEqual(['page_cut']);
    const next = ask(nextIn(handler.headers) ?? '');
    answerJson(next.call, ['x'.repeat(20), 'y'.repeat(20), 'z'.repeat(20)]);
    expect(JSON.parse(next.handler.text()).items).toEqual(['y'.repeat(20)]);
  });

  it('that fails when its page was sent is complete for its client, and counted; before that it is a failure', () => {
    const { ask, counted, heldBytes } = layer({ list });
    const broken = failure('response_incomplete', 'it broke off');
    const late = ask('');
    late.call.head(200, JSON_TYPE);
    late.call.data('[1,2,3,');
    expect(JSON.parse(late.handler.text()).items).toEqual([1, 2]);
    expect(late.handler.ended).toBe(false);
    late.call.fail(broken);
    expect([late.handler.ended, late.handler.failure, counted]).toEqual([true, null, ['paged', 'outlived']]);
    const early = ask('');
    early.call.head(200, JSON_TYPE);
    early.call.data('[1,2');
    early.call.fail(broken);
    expect([early.handler.failure?.code, early.handler.events]).toEqual(['response_incomplete', ['onError']]);
    expect(heldBytes.bytes).toBe(0);
  });

  it('that is none is told, and never passes for an empty one', () => {
    const { ask, heldBytes } = layer({ list });
    for (const body of ['{"a":1}', '[1,', '5', 'null', '']) {
      const { handler, call } = ask('');
      call.answer(200, JSON_TYPE, body);
      expect([body, handler.failure?.code, handler.head]).toEqual([body, 'response_malformed', null]);
    }
    expect(heldBytes.bytes).toBe(0);
  });

  it('passes where it is an error, no JSON, or not asked for by GET', () => {
    const { ask } = layer({ list });
    const { handler, call } = ask('');
    call.answer(404, JSON_TYPE, '{"none":1}');
    expect([handler.status, handler.text()]).toEqual([404, '{"none":1}']);
    const post = ask('limit=7', [], 'POST');
    expect(post.call.request.query).toBe('limit=7');
    answerJson(post.call, [1, 2, 3]);
    expect(post.handler.text()).toBe('[1,2,3]');
    const head = ask('', [], 'HEAD');
    head.call.head(200, [...JSON_TYPE, 'content-length', '900'], 900);
    head.call.complete();
    expect([head.handler.head?.lengthBytes, headerValue(head.handler.headers, 'content-length')]).toEqual([
      null,
      undefined,
    ]);
  });

  it('takes no more memory than the node has for such things, and gives it back', () => {
    const { ask, heldBytes } = layer({ list: { ...list, limit: 3 } }, 20);
    const { handler, call } = ask('');
    call.head(200, JSON_TYPE);
    call.data(`["${'x'.repeat(10)}",`);
    expect(heldBytes.bytes).toBeGreaterThan(0);
    call.data(`"${'x'.repeat(10)}",`);
    expect([handler.failure?.code, heldBytes.bytes, call.cancelled]).toEqual(['overloaded', 0, true]);
    const left = ask('');
    left.call.head(200, JSON_TYPE);
    left.call.data('[1,2');
    left.cancel();
    expect([heldBytes.bytes, left.call.cancelled]).toEqual([0, true]);
  });

  it('has an entity tag for each page, and 304 for whoever shows it', () => {
    const { ask } = layer({ list });
    const tagOf = (query: string): string => {
      const { handler, call } = ask(query);
      answerJson(call, [1, 2, 3], ['etag', '"v1"']);
      return headerValue(handler.headers, 'etag') ?? '';
    };
    const [one, two, same] = [tagOf(''), tagOf('limit=1'), tagOf('')];
    expect([one === same, one === two, one.startsWith('"v1;w=p-')]).toEqual([true, false, true]);
    const { call, handler } = ask('', ['if-none-match', `${two}, W/${one}`]);
    expect(headerValue(call.request.headers, 'if-none-match')).toBe('W/"v1"');
    call.head(304, ['etag', '"v1"'], 0);
    call.complete();
    expect([handler.status, headerValue(handler.headers, 'etag')]).toEqual([304, one]);
  });
});

describe('what is selected from', () => {
  it('comes plain: a coding that could not be read here is not asked for', () => {
    const { ask } = layer({ fields: { parameter: 'fields' } });
    expect(headerValue(ask('fields=a', ['accept-encoding', 'br']).call.request.headers, 'accept-encoding')).toBe(
      undefined,
    );
    expect(headerValue(ask('', ['accept-encoding', 'br']).call.request.headers, 'accept-encoding')).toBe('br');
  });

  it('is what If-Match names, or is refused: a condition is never lost on its way down', () => {
    const { ask } = layer({ fields: { parameter: 'fields' } });
    const first = ask('fields=a');
    answerJson(first.call, { a: 1 }, ['etag', '"v1"']);
    const own = headerValue(first.handler.headers, 'etag') ?? '';
    const asked = (match: string, method = 'GET', query = 'fields=a') => {
      const { call, handler } = ask(query, ['if-match', match], method);
      const below = headerValue(call.request.headers, 'if-match');
      if (method === 'GET') answerJson(call, { a: 1 }, ['etag', '"v1"']);
      return [below, handler.status];
    };
    expect(asked(own)).toEqual(['"v1"', 200]);
    expect(asked('*')).toEqual(['*', 200]);
    // The whole is another representation than the one that would be sent; weak tags never match.
    expect(asked('"v1"')).toEqual(['"v1"', 412]);
    expect(asked(`W/${own}`)).toEqual([`W/${own}`, 412]);
    expect(asked('"v1;w=f-other"')).toEqual(['"v1;w=f-other"', 412]);
    for (const query of ['', 'fields=b'])
      expect(asked(`${own}, "v0;w=f-x", W/"v2;w=p-y"`, 'PUT', query)[0]).toBe('"v1", "v0", W/"v2;w=p-y"');
    const none = ask('', ['if-none-match', 'W/"v2;w=p-y;w=f-x"'], 'PUT').call.request.headers;
    expect(headerValue(none, 'if-none-match')).toBe('W/"v2"');
  });
});
