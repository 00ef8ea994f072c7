import type { RouteContractSpec } from '@weir/proto/snapshot/contract.js';
import { describe, expect, it } from 'vitest';
import { holdToContracts } from '../contract/contract-store.js';
import {
  type FakeBody,
  fakeBody,
  makeRequest,
  recordingHandler,
  scriptedDispatch,
} from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { holdToContract } from './hold-to-contract.js';

const contracts = holdToContracts([
  {
    id: 'shop',
    dialect: '3.1',
    schemas: [
      ['#/Item', '{"type":"object","required":["sku"],"properties":{"sku":{"type":"string","pattern":"^(a+)+$"}}}'],
    ],
  },
]);

const spec: RouteContractSpec = {
  ...{ of: 'shop', operation: 'add', mode: 'refuse' },
  parameters: [
    {
      ...{
        name: 'dry',
        in: 'query',
        param: '',
        isRequired: false,
        allowsEmpty: false,
        style: 'form',
        explode: true,
        isJson: false,
      },
      ...{ shapes: [{ kind: 'scalar', types: ['boolean'] }], schema: '{"type":"boolean"}' },
    },
  ],
  body: {
    isRequired: true,
    bytesMax: 100,
    types: [
      { type: 'application/json', schema: '{"$ref":"#/Item"}' },
      { type: 'text/csv', schema: null },
    ],
  },
};

interface Sent {
  readonly mode?: 'tell' | 'refuse';
  readonly query?: string;
  readonly type?: string;
  readonly coding?: string;
  readonly body?: FakeBody | null;
}

/** The layer over a bottom that reads the body, as a transport does, and then answers. */
function start({ mode = 'refuse', query = '', type = 'application/json', coding, body = null }: Sent) {
  const services = makeServices({ contracts });
  const layer = holdToContract(makeRoute({ contract: { ...spec, mode } }), services);
  if (layer === null) throw new Error('the route has a contract');
  let read = '';
  const bottom = scriptedDispatch((call) => {
    if (call.request.body === null) return call.answer(200);
    call.request.body.read({
      onChunk: (chunk) => {
        read += new TextDecoder().decode(chunk);
      },
      onEnd: () => call.answer(200),
      onError: (failed) => call.fail(failed),
    });
  });
  const handler = recordingHandler();
  const headers = ['content-type', type, ...(coding === undefined ? [] : ['content-encoding', coding])];
  const request = makeRequest({ method: 'POST', query, headers, body });
  const cancel = layer(bottom.dispatch)(request, handler);
  return { bottom, handler, cancel, exchange: request.exchange, services, read: () => read };
}

function bodyOf(text: string, pieces = 1): FakeBody {
  const body = fakeBody(new TextEncoder().encode(text).byteLength);
  const size = Math.ceil(text.length / pieces);
  for (let at = 0; at < text.length; at += size) body.push(text.slice(at, at + size));
  body.end();
  return body;
}

describe('a request that fits', () => {
  it('goes on with its body as it came, in however many pieces', () => {
    const { handler, exchange, read, services } = start({ query: 'dry=true', body: bodyOf('{"sku": "aaaa"}', 5) });
    expect([handler.status, read(), exchange.contract, services.bodies.bytes]).toEqual([
      200,
      '{"sku": "aaaa"}',
      'fits',
      0,
    ]);
  });

  it('of another type that is taken is not looked into', () => {
    expect(start({ type: 'text/csv', body: bodyOf('a;b') }).exchange.contract).toBe('fits');
  });

  it('waits for its body, and asks nobody before it is whole', () => {
    const body = fakeBody();
    const { bottom, handler } = start({ body });
    body.push('{"sku":');
    expect(bottom.calls).toHaveLength(0);
    body.push('"a"}');
    body.end();
    expect([bottom.calls.length, handler.status]).toEqual([1, 200]);
  });
});

describe('a request that does not fit', () => {
  it.each<[string, Sent, string, string | undefined]>([
    [
      'a parameter',
      { query: 'dry=maybe', body: bodyOf('{"sku":"a"}') },
      'contract_violated',
      'query.dry must be a boolean',
    ],
    ['the body', { body: bodyOf('{"sku":"ab"}') }, 'contract_violated', 'body/sku must match ^(a+)+$'],
    ['no body', { body: null }, 'contract_violated', 'body is required'],
    ['no JSON', { body: bodyOf('{"sku":') }, 'contract_violated', 'body must be JSON in UTF-8, with each member once'],
    [
      'a member twice',
      { body: bodyOf('{"sku":"b","sk\\u0075":"a"}') },
      'contract_violated',
      'body must be JSON in UTF-8, with each member once',
    ],
    ['a type that is not taken', { type: 'text/plain', body: bodyOf('x') }, 'unsupported_media_type', undefined],
    ['no type', { type: '', body: bodyOf('x') }, 'unsupported_media_type', undefined],
    ['a compressed body', { coding: 'gzip', body: bodyOf('{"sku":"a"}') }, 'unsupported_media_type', undefined],
    ['a body that is too large', { body: fakeBody(101) }, 'body_too_large', undefined],
  ])('%s is refused with its place, and nobody is asked', (_name, sent, code, fault) => {
    const { bottom, handler, exchange, services } = start(sent);
    const { failure } = handler;
    const [first] = failure?.faults ?? [];
    expect([bottom.calls.length, failure?.code, exchange.contract]).toEqual([0, code, 'refused']);
    expect(first === undefined ? undefined : `${first.where} ${first.what}`).toBe(fault);
    expect(services.bodies.bytes).toBe(0);
  });

  it('with a body of unknown length is refused where that grows too large', () => {
    const body = fakeBody();
    const { handler, services } = start({ body });
    body.push('x'.repeat(60));
    body.push('x'.repeat(60));
    expect([handler.failure?.code, services.bodies.bytes]).toEqual(['body_too_large', 0]);
  });

  it('is told and goes on, where the route only tells', () => {
    const { handler, exchange, read } = start({ mode: 'tell', query: 'dry=x', body: bodyOf('{}') });
    expect([handler.status, read(), exchange.contract]).toEqual([200, '{}', 'told']);
    expect(handler.headers).toContain('faults=2, first="query.dry"');
  });

  it('is told and goes on with a body that is too large, or of another type', () => {
    const body = fakeBody();
    const sent = start({ mode: 'tell', body });
    for (let piece = 0; piece < 5; piece += 1) body.push('x'.repeat(60));
    body.end();
    expect([sent.handler.status, sent.read().length, sent.services.bodies.bytes]).toEqual([200, 300, 0]);
    expect(start({ mode: 'tell', type: 'text/plain', body: bodyOf('x') }).read()).toBe('x');
  });

  it('takes no memory after its client has left', () => {
    const body = fakeBody();
    const { cancel, services, handler, bottom } = start({ body });
    body.push('{"sku":');
    expect(services.bodies.bytes).toBeGreaterThan(0);
    cancel();
    body.push('"a"}');
    body.end();
    expect([services.bodies.bytes, handler.events, bottom.calls.length]).toEqual([0, [], 0]);
  });
});

it('of a schema and a text that backtracking would not be done with, a verdict comes at once', () => {
  const { handler } = start({ body: bodyOf(`{"sku":"${'a'.repeat(80)}b"}`) });
  expect(handler.failure?.code).toBe('contract_violated');
});
