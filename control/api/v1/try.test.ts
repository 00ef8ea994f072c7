import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Service } from '../../model/entities.js';
import type { ApiRequest, Caller } from './api-route.js';
import { requestTo, type Tried, type TryRequest, triesMax, tryRoutes } from './try.js';

const shop = { basePath: '/shop', hosts: [] as string[] };
const asked = (path: string, headers: Record<string, string> = {}): TryRequest => ({
  method: 'GET',
  path,
  headers,
  body: '',
});

describe('what is tried', () => {
  it('stays below the base path in every reading, whatever is asked', () => {
    const piece = fc.constantFrom(
      '/',
      '..',
      '.',
      '%2e',
      '%2E%2e',
      '%2f',
      '\\',
      '%5c',
      'a',
      '?',
      '#',
      ' ',
      '//',
      '@',
      'http:',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12, size: 'max' }), (pieces) => {
        const request = requestTo(shop, asked(pieces.join('')));
        if (typeof request === 'string') return;
        const reading = request.path.replace(/%2f|%5c|\\/gi, '/');
        const url = new URL(`http://gateway${reading}`);
        expect(url.host).toBe('gateway');
        expect(url.pathname).toMatch(/^\/shop(\/|$)/);
        expect(request.path).toMatch(/^[\x21-\x7e]+$/);
      }),
    );
  });

  it('brings fields of its own, and none that belong to the connection or to another host', () => {
    const fields = {
      'X-Api-Key': 'k',
      Host: 'evil',
      connection: 'close',
      'X-Forwarded-For': '10.0.0.1',
      'x-weir-csrf': 'c',
      'X-Real-IP': '10.0.0.1',
      'x-original-url': '/admin',
      'x-request-id': 'chosen',
    };
    expect(requestTo(shop, asked('/a', fields))).toMatchObject({ path: '/shop/a' });
    expect(requestTo(shop, asked('/a', fields))).toHaveProperty('headers', { 'x-api-key': 'k' });
    expect(requestTo(shop, { ...asked('/a'), body: 'a' })).toBe('A request with GET has no body.');
    expect(requestTo({ ...shop, hosts: ['*.example.com'] }, asked('/a'))).toMatch(/by a pattern alone/);
    const hosted = requestTo({ ...shop, hosts: ['*.example.com', 'shop.example.com'] }, asked('', { host: 'evil' }));
    expect(hosted).toMatchObject({ path: '/shop', headers: { host: 'shop.example.com' } });
  });

  it('is of a service that the caller may see, and reaches a gateway or says that there is none', async () => {
    const sent: TryRequest[] = [];
    const routeWith = (maySee: boolean, gateway: string | null) =>
      tryRoutes({
        // What is looked at of it is all that is needed here.
        serviceOf: (id) => (id === 'other' ? null : ({ ...shop, id } as unknown as Service)),
        maySee: () => maySee,
        whyNot: ({ id }) => (id === 'hidden' ? 'not served' : null),
        async send(request) {
          if (gateway === null) return { kind: 'nowhere', why: 'none' };
          sent.push(request);
          if (request.path.endsWith('/slow')) return { kind: 'silent', gateway };
          const answer = { status: 200, headers: {}, body: 'hello', isCut: false, tookMs: 1 };
          return { kind: 'answer', gateway, answer };
        },
      })[0];
    const ask = (serviceId: string, maySee = true, gateway: string | null = '127.0.0.1:8080', path = '/a') =>
      routeWith(maySee, gateway)?.handle({
        caller: { actor: { userId: 'ann' } } as Caller, // It is asked for no more.
        body: { serviceId, ...asked(path) },
      } as unknown as ApiRequest<unknown, unknown>);
    expect(await ask('other')).toMatchObject({ problem: { status: 404 } });
    expect(await ask('shop', false)).toMatchObject({ problem: { status: 404 } });
    expect(await ask('hidden')).toMatchObject({ problem: { status: 409 } });
    expect(await ask('shop', true, null)).toMatchObject({ problem: { status: 503 } });
    expect(sent).toEqual([]);
    expect(await ask('shop')).toMatchObject({ status: 200, body: { body: 'hello', gateway: '127.0.0.1:8080' } });
    expect(sent).toMatchObject([{ path: '/shop/a' }]);
    expect(await ask('shop', true, '127.0.0.1:8080', '/slow')).toMatchObject({ problem: { status: 504 } });
  });

  it('is so much at once of one user, and of all, so that slow answers leave room for everybody else', async () => {
    const held: ((tried: Tried) => void)[] = [];
    const [route] = tryRoutes({
      serviceOf: () => shop as unknown as Service, // No more is looked at.
      maySee: () => true,
      whyNot: () => null,
      send: () => new Promise((resolve) => held.push(resolve)),
    });
    const ask = (userId: string) => {
      const caller = { actor: { userId } } as Caller; // No more is looked at.
      return route?.handle({ caller, body: { serviceId: 'shop', ...asked('/a') } } as unknown as ApiRequest<
        unknown,
        unknown
      >);
    };
    const running = Array.from({ length: triesMax.all }, (_, i) => ask(`user-${Math.floor(i / triesMax.user)}`));
    expect(held).toHaveLength(triesMax.all);
    expect([await ask('user-0'), await ask('somebody')]).toEqual([tooMany, tooMany]);
    held[0]?.({ kind: 'silent', gateway: 'a:1' });
    expect(await running[0]).toMatchObject({ problem: { status: 504 } });
    // It is somebody else's turn; who has as many as may be asks in vain, though there is room.
    expect(await ask('user-1')).toEqual(tooMany);
    void ask('user-0');
    expect(held).toHaveLength(triesMax.all + 1);
  });
});

const tooMany = { problem: expect.objectContaining({ status: 429, headers: { 'retry-after': '5' } }) };
