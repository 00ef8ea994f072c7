import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeClock } from '../pipeline/testing/harness.js';
import { createJwks, RETRY_PAUSE_MS, UNKNOWN_KEY_PAUSE_MS, UNKNOWN_WAITING_MAX } from './jwks.js';
import { fetchJwks } from './jwks-source.js';

async function publicKey(kid: string, algorithm = 'ES256'): Promise<JWK> {
  const { publicKey: key } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(key)), kid, alg: algorithm };
}

const spec = { kind: 'jwks', url: 'http://issuer.test/keys', cacheMs: 100_000, timeoutMs: 500 } as const;

/** An issuer whose answers the test decides; a held one answers when it is let go. */
function issuer(first: unknown) {
  const clock = fakeClock();
  const state = { answer: first, fetches: 0, letGo: null as (() => void) | null, hold: false };
  const keys = createJwks(spec, {
    nowMs: () => clock.nowMs(),
    fetchJwks: async () => {
      state.fetches += 1;
      const { answer } = state;
      if (state.hold) await new Promise<void>((resolve) => Object.assign(state, { letGo: resolve }));
      return answer;
    },
  });
  const find = async (kid: string) => (await keys.find({ alg: 'ES256', kid })).kind;
  return { clock, state, find };
}

describe("an issuer's keys", () => {
  it('are fetched once and used from the cache, also when many ask at the same time', async () => {
    const { state, find } = issuer({ keys: [await publicKey('a')] });
    expect(await Promise.all([find('a'), find('a'), find('a')])).toEqual(['key', 'key', 'key']);
    expect(await find('a')).toBe('key');
    expect(state.fetches).toBe(1);
  });

  it('are fetched again when a token names an unknown one, so a rotation is seen, but not more often than the pause', async () => {
    const { clock, state, find } = issuer({ keys: [await publicKey('a')] });
    await find('a');
    state.answer = { keys: [await publicKey('b')] };
    expect(await find('b')).toBe('unknown');
    expect(state.fetches).toBe(1);
    clock.advance(UNKNOWN_KEY_PAUSE_MS);
    expect(await find('b')).toBe('key');
    expect(await find('a')).toBe('unknown');
    for (let i = 0; i < 20; i += 1) await find(`invented ${i}`);
    expect(state.fetches).toBe(2);
  });

  it('cannot be held up by invented key ids: only so many wait for a fetch, the others are refused at once', async () => {
    const { clock, state, find } = issuer({ keys: [await publicKey('a')] });
    await find('a');
    clock.advance(UNKNOWN_KEY_PAUSE_MS);
    state.hold = true;
    const invented = Array.from({ length: UNKNOWN_WAITING_MAX }, (_, i) => find(`invented ${i}`));
    await expect.poll(() => state.letGo).not.toBeNull();
    expect(await find('one more')).toBe('unknown');
    expect(await find('a')).toBe('key');
    state.letGo?.();
    expect(new Set(await Promise.all(invented))).toEqual(new Set(['unknown']));
  });

  it('are renewed behind the back of requests before they are old', async () => {
    const { clock, state, find } = issuer({ keys: [await publicKey('a')] });
    await find('a');
    state.hold = true;
    clock.advance(spec.cacheMs * 0.79);
    await find('a');
    expect(state.fetches).toBe(1);
    clock.advance(spec.cacheMs * 0.02);
    expect(await find('a')).toBe('key');
    expect(state.fetches).toBe(2);
    state.letGo?.();
  });

  it('are renewed before they are used when they are old', async () => {
    const { clock, state, find } = issuer({ keys: [await publicKey('a')] });
    await find('a');
    state.answer = { keys: [await publicKey('b')] };
    clock.advance(spec.cacheMs);
    expect(await find('a')).toBe('unknown');
  });

  it('stay the last good ones while the issuer is down or speaks nonsense, and it is not asked at every request', async () => {
    const { clock, state, find } = issuer({ keys: [await publicKey('a')] });
    await find('a');
    for (const nonsense of [null, 'keys', {}, { keys: 'x' }, { keys: null }]) {
      state.answer = nonsense;
      clock.advance(spec.cacheMs);
      const before = state.fetches;
      for (let i = 0; i < 5; i += 1) expect(await find('a')).toBe('key');
      expect(state.fetches).toBe(before + 1);
    }
    state.answer = { keys: [await publicKey('b')] };
    clock.advance(RETRY_PAUSE_MS);
    expect(await find('b')).toBe('key');
  });

  it('are unavailable, not unknown, until they could be had once', async () => {
    const { clock, state, find } = issuer(null);
    expect([await find('a'), await find('a'), state.fetches]).toEqual(['unavailable', 'unavailable', 1]);
    state.answer = { keys: [await publicKey('a')] };
    clock.advance(RETRY_PAUSE_MS);
    expect(await find('a')).toBe('key');
  });

  it('never are secrets or broken ones, and a token without a key id needs the choice to be clear', async () => {
    const good = await publicKey('a');
    const secret = { kty: 'oct', k: 'c2VjcmV0', kid: 's', alg: 'HS256' };
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const leaked = { ...(await exportJWK(privateKey)), kid: 'leaked', alg: 'ES256' };
    const { find } = issuer({
      keys: [null, 7, {}, { kty: 7 }, secret, leaked, { kty: 'EC', kid: 'broken', alg: 'ES256' }, good],
    });
    expect([await find('a'), await find('s'), await find('broken')]).toEqual(['key', 'unknown', 'unknown']);
    expect(await find('leaked')).toBe('unknown');
    const two = createJwks(spec, { nowMs: () => 0, fetchJwks: async () => ({ keys: [good, await publicKey('b')] }) });
    expect((await two.find({ alg: 'ES256' })).kind).toBe('unknown');
  });
});

describe('fetching keys over HTTP', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const serve = async (answer: Parameters<typeof createServer>[1]): Promise<string> => {
    const server = createServer(answer as never);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  };

  it('gives what the issuer answers', async () => {
    const url = await serve((_request: unknown, response: { end(text: string): void }) => response.end('{"keys":[]}'));
    expect(await fetchJwks(url, 2_000)).toEqual({ keys: [] });
  });

  it.each([
    ['an error status', (response: Answer) => response.writeHead(500).end('{"keys":[]}')],
    ['a redirect', (response: Answer) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['no JSON', (response: Answer) => response.end('<html>')],
    ['a huge answer', (response: Answer) => response.end(`"${'x'.repeat(300 * 1024)}"`)],
    [
      'an answer that breaks off',
      (response: Answer) => response.writeHead(200, { 'content-length': '99' }).write('{', () => response.destroy()),
    ],
    ['an answer that never ends', (response: Answer) => response.write('{"keys"')],
    ['silence', () => {}],
  ])('gives null for %s', async (_, answer) => {
    const url = await serve((_request: unknown, response: Answer) => answer(response));
    expect(await fetchJwks(url, 150)).toBeNull();
  });

  it('gives null when nobody listens', async () => {
    const url = await serve(() => {});
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await fetchJwks(url, 500)).toBeNull();
  });
});

type Answer = import('node:http').ServerResponse;
