import { failure } from '@weir/proto/http/failures.js';
import { combinedValue, type HeaderList, headerValue } from '@weir/proto/http/headers.js';
import type { CorsSpec } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { makeRequest, recordingHandler, scriptedDispatch } from '../pipeline/testing/harness.js';
import { makeRoute, makeServices } from '../pipeline/testing/specs.js';
import { cors } from './cors.js';

const policy: CorsSpec = {
  origins: ['https://app.example.com', 'https://*.example.org:8443'],
  methods: ['GET', 'PUT'],
  headers: [],
  exposeHeaders: ['etag', 'x-total'],
  credentials: true,
  maxAgeS: 600,
};

function run(spec: Partial<CorsSpec>, headers: HeaderList, method = 'GET', upstream: HeaderList = []) {
  const layer = cors(makeRoute({ cors: { ...policy, ...spec } }), makeServices());
  if (layer === null) throw new Error('a route with a policy has the layer');
  const bottom = scriptedDispatch((call) => call.answer(200, upstream));
  const handler = recordingHandler();
  layer(bottom.dispatch)(makeRequest({ method, headers }), handler);
  const field = (name: string) => combinedValue(handler.headers, name);
  return { handler, field, origin: field('access-control-allow-origin'), passed: bottom.calls.length === 1 };
}

const preflight = (origin: string, ...more: string[]): HeaderList => [
  'origin',
  origin,
  'access-control-request-method',
  'PUT',
  ...more,
];

describe('origins', () => {
  it.each([
    ['https://app.example.com', true],
    ['http://app.example.com', false],
    ['https://app.example.com:444', false],
    ['https://app.example.com.evil.test', false],
    ['https://a.example.org:8443', true],
    ['https://a.b.example.org:8443', true],
    ['https://example.org:8443', false],
    ['https://.example.org:8443', false],
    ['https://a.example.org', false],
    ['https://evil.test/.example.org:8443', false],
    ['https://evil.test#.example.org:8443', false],
    ['https://u@a.example.org:8443', false],
    ['https://evilexample.org:8443', false],
    ['null', false],
    ['', false],
  ])('%j is allowed: %s', (origin, allowed) => {
    const { origin: granted, field } = run({}, ['origin', origin]);
    expect(granted).toBe(allowed ? origin : undefined);
    expect(field('access-control-allow-credentials')).toBe(allowed ? 'true' : undefined);
    expect(field('access-control-expose-headers')).toBe(allowed ? 'etag, x-total' : undefined);
    expect(field('vary')).toBe('Origin');
  });

  it('never grants credentials through a star, only to those that are named beside it', () => {
    const open = { origins: ['*', 'https://app.example.com'], credentials: true };
    const stranger = run(open, ['origin', 'https://evil.test']);
    expect([stranger.origin, stranger.field('access-control-allow-credentials')]).toEqual(['*', undefined]);
    const named = run(open, ['origin', 'https://app.example.com']);
    expect([named.origin, named.field('access-control-allow-credentials')]).toEqual([
      'https://app.example.com',
      'true',
    ]);
    expect(
      run({ origins: ['*'] }, ['origin', 'https://a.test']).field('access-control-allow-credentials'),
    ).toBeUndefined();
  });

  it('grants no credentials where the policy has none', () => {
    const { origin, field } = run({ credentials: false }, ['origin', 'https://app.example.com']);
    expect([origin, field('access-control-allow-credentials')]).toEqual(['https://app.example.com', undefined]);
  });

  it('says that the answer depends on the origin, also to who has none, unless it does not', () => {
    expect(run({}, []).field('vary')).toBe('Origin');
    expect(run({}, [], 'GET', ['vary', 'Accept, origin']).field('vary')).toBe('Accept, origin');
    expect(run({}, [], 'GET', ['vary', 'Origin', 'vary', 'Accept']).field('vary')).toBe('Origin, Accept');
    expect(run({}, [], 'GET', ['vary', 'Accept']).field('vary')).toBe('Accept, Origin');
    expect(run({ origins: ['*'] }, ['origin', 'https://a.test']).field('vary')).toBeUndefined();
  });
});

describe('answers of the upstream', () => {
  it("keep everything but the upstream's own CORS fields", () => {
    const upstream = [
      'access-control-allow-origin',
      '*',
      'access-control-max-age',
      '9',
      'set-cookie',
      'a',
      'set-cookie',
      'b',
    ];
    const { handler, origin } = run({}, ['origin', 'https://evil.test'], 'GET', upstream);
    expect(origin).toBeUndefined();
    expect(handler.headers).toEqual(['set-cookie', 'a', 'set-cookie', 'b', 'vary', 'Origin']);
  });

  it('give their failures the fields too, so that a page may read them', () => {
    const layer = cors(makeRoute({ cors: policy }), makeServices());
    const bottom = scriptedDispatch((call) => call.fail(failure('rate_limited', '', { headers: ['ratelimit', 'x'] })));
    const handler = recordingHandler();
    layer?.(bottom.dispatch)(makeRequest({ headers: ['origin', 'https://app.example.com'] }), handler);
    const headers = handler.failure?.headers ?? [];
    expect(headerValue(headers, 'ratelimit')).toBe('x');
    expect(headerValue(headers, 'access-control-allow-origin')).toBe('https://app.example.com');
  });
});

describe('a preflight', () => {
  it('is answered here, with what is allowed', () => {
    const { handler, passed } = run({ headers: ['x-a', 'x-b'] }, preflight('https://app.example.com'), 'OPTIONS');
    expect([passed, handler.status, handler.ended, handler.text()]).toEqual([false, 204, true, '']);
    expect(handler.headers).toEqual([
      'vary',
      'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      'access-control-allow-origin',
      'https://app.example.com',
      'access-control-allow-credentials',
      'true',
      'access-control-allow-methods',
      'GET, PUT',
      'access-control-allow-headers',
      'x-a, x-b',
      'access-control-max-age',
      '600',
    ]);
  });

  it('is answered without the fields for an origin that is not allowed, and does not go upstream either', () => {
    const { handler, passed } = run({}, preflight('https://evil.test'), 'OPTIONS');
    expect([passed, handler.status, handler.headers.length]).toEqual([false, 204, 2]);
  });

  it('echoes what was asked for where the policy has no list of its own, and only tokens of it', () => {
    const asked = preflight(
      'https://app.example.com',
      'access-control-request-headers',
      'x-a, x b,\r\nset-cookie: c, X-C',
    );
    const { field } = run({ methods: [] }, asked, 'OPTIONS');
    expect(field('access-control-allow-headers')).toBe('x-a, X-C');
    expect(field('access-control-allow-methods')).toBe('PUT');
  });

  it('is only an OPTIONS request with both of its fields', () => {
    expect(run({}, preflight('https://app.example.com'), 'GET').passed).toBe(true);
    expect(run({}, ['origin', 'https://app.example.com'], 'OPTIONS').passed).toBe(true);
    expect(run({}, ['access-control-request-method', 'PUT'], 'OPTIONS').passed).toBe(true);
  });
});
