import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { ConvertSpec } from '@weir/proto/snapshot/convert.js';
import { describe, expect, it } from 'vitest';
import { lateForms } from '../optimize/convert/late-forms.js';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { convert as place } from './convert.js';

const spec: ConvertSpec = { request: null, response: 'json', root: 'root', bytesMax: 10_000 };
const route = makeRoute({ convert: spec });
const forms = await lateForms({ routes: [route] });
const XML: HeaderList = ['content-type', 'application/xml', 'etag', '"x"', 'accept-ranges', 'bytes', 'x-a', '1'];
const BODY = '<order><id>7</id></order>';

function ask(method: string, headers: HeaderList = []) {
  const made = place(route, makeServices({ forms }));
  if (made === null) throw new Error('the route needs it');
  const bottom = scriptedDispatch();
  const handler = recordingHandler();
  made(bottom.dispatch)(makeRequest({ method, headers }), handler);
  return { handler, call: bottom.last() };
}

describe('an answer that is changed', () => {
  it('has no parts: ranges go no further', () => {
    const { call, handler } = ask('GET', [
      'range',
      'bytes=0-9',
      'if-range',
      '"x"',
      'accept-encoding',
      'br',
      'x-b',
      '2',
    ]);
    expect(call.request.headers).toEqual(['x-b', '2']);
    call.answer(200, XML, BODY);
    expect([handler.status, handler.text()]).toEqual([200, '{"order":{"id":"7"}}']);
    expect(handler.headers).toEqual(['x-a', '1', 'content-type', 'application/json']);
    expect(handler.head?.lengthBytes).toBe(handler.text().length);
  });

  it('to HEAD has the head of what GET gets, without a length, and is no failure for want of a body', () => {
    const { call, handler } = ask('HEAD');
    call.head(200, [...XML, 'content-length', '900'], 900);
    call.complete();
    expect([handler.status, handler.failure, handler.head?.lengthBytes]).toEqual([200, null, null]);
    expect(handler.headers).toEqual(['x-a', '1', 'content-type', 'application/json']);
  });

  it.each([206, 204, 205, 304])('is none with status %s, which passes as it is', (status) => {
    const { call, handler } = ask('GET');
    const fields = [...XML, 'content-range', 'bytes 0-9/30'];
    call.head(status, fields, 10);
    call.data('<order><id');
    call.complete();
    expect([handler.status, handler.headers, handler.text()]).toEqual([status, fields, '<order><id']);
  });

  it('that nobody changes keeps its ranges', () => {
    const request = makeRoute({ convert: { ...spec, request: 'xml', response: null } });
    const bottom = scriptedDispatch();
    const made = place(request, makeServices({ forms }));
    made?.(bottom.dispatch)(makeRequest({ headers: ['range', 'bytes=0-9'] }), recordingHandler());
    expect(headerValue(bottom.last().request.headers, 'range')).toBe('bytes=0-9');
  });
});
