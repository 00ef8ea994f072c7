import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ProviderError, providerError } from '../chat/provider-error.js';
import { AccessTokens, type GoogleOutside } from './access-tokens.js';
import type { ServiceAccount, TokenRequest } from './oauth.js';
import { PAUSE_FIRST_MS, PAUSE_MAX_MS, TokenLife } from './token-life.js';

const HOUR_MS = 3_600_000;
const account: ServiceAccount = {
  ...{ email: 'a@p.example', privateKey: 'PEM', keyId: null, project: null },
  tokenUrl: 'https://oauth2.googleapis.com/token',
};

function setUp() {
  let nowMs = 1_000;
  const asked: {
    readonly request: TokenRequest;
    answer(status: number, body: unknown): Promise<void>;
    fail(): Promise<void>;
  }[] = [];
  const outside: GoogleOutside = {
    nowMs: () => nowMs,
    wallMs: () => nowMs + Date.UTC(2026, 0, 1),
    signer: () => (text) => new TextEncoder().encode(text.slice(0, 3)),
    exchange: (request) =>
      new Promise((resolve) => {
        const settled = async (answer: { status: number; body: string } | null): Promise<void> => {
          resolve(answer);
          await new Promise((done) => setImmediate(done));
        };
        asked.push({
          request,
          answer: (status, body) => settled({ status, body: JSON.stringify(body) }),
          fail: () => settled(null),
        });
      }),
  };
  const tokens = new AccessTokens(account, outside);
  const told: (ProviderError | null)[] = [];
  return {
    asked,
    told,
    tokens,
    want: () => tokens.ready((failed) => told.push(failed)),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const token = (access_token: string, expires_in = 3_600) => ({ access_token, expires_in, token_type: 'Bearer' });

describe('an access token', () => {
  it('is asked for once, however many wait for it, and kept', async () => {
    const { tokens, want, asked, told } = setUp();
    for (let i = 0; i < 3; i += 1) want();
    expect([asked.length, told, tokens.token]).toEqual([1, [], null]);
    expect(new URLSearchParams(asked[0]?.request.body).get('grant_type')).toContain('jwt-bearer');
    await asked[0]?.answer(200, token('t1'));
    expect([told, tokens.token]).toEqual([[null, null, null], 't1']);
    want();
    expect([told.length, asked.length]).toEqual([4, 1]);
  });

  it('is renewed behind the back of those who use it, a while before it ends, once', async () => {
    const { tokens, want, asked, told, pass } = setUp();
    want();
    await asked[0]?.answer(200, token('t1'));
    pass(HOUR_MS - 4 * 60_000);
    want();
    want();
    expect([told, tokens.token, asked.length]).toEqual([[null, null, null], 't1', 2]);
    await asked[1]?.answer(200, token('t2'));
    expect(tokens.token).toBe('t2');
  });

  it('that can not be renewed is used to its end, and then missed', async () => {
    const { tokens, want, asked, told, pass } = setUp();
    want();
    await asked[0]?.answer(200, token('t1'));
    pass(HOUR_MS - 4 * 60_000);
    want();
    await asked[1]?.fail();
    want();
    expect([tokens.token, asked.length, told.every((one) => one === null)]).toEqual(['t1', 2, true]);
    pass(4 * 60_000);
    want();
    expect([tokens.token, asked.length]).toEqual([null, 3]);
    await asked[2]?.fail();
    expect(told.at(-1)).toMatchObject({ kind: 'timeout' });
  });

  it('that is refused is a refusal for all who wait, and for a pause for those who come', async () => {
    const { want, asked, told, pass } = setUp();
    want();
    want();
    await asked[0]?.answer(400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' });
    want();
    expect(told.map((one) => one?.kind)).toEqual(['authentication', 'authentication', 'authentication']);
    expect(asked).toHaveLength(1);
    pass(PAUSE_FIRST_MS);
    want();
    expect(asked).toHaveLength(2);
  });

  it('is nothing to one who has left', async () => {
    const { want, asked, told } = setUp();
    want()();
    await asked[0]?.answer(200, token('t1'));
    expect(told).toEqual([]);
  });

  it('that was not taken is got anew', async () => {
    const { tokens, want, asked } = setUp();
    want();
    await asked[0]?.answer(200, token('t1'));
    tokens.forget();
    want();
    expect([tokens.token, asked.length]).toEqual([null, 2]);
  });
});

it('whatever comes, one is asked for at a time, none is used past its end, and pauses are bounded', () => {
  const step = fc.record({
    passMs: fc.integer({ min: 0, max: 2 * HOUR_MS }),
    act: fc.constantFrom('ask', 'got', 'failed', 'forget'),
    lifeMs: fc.integer({ min: 1, max: HOUR_MS }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const life = new TokenLife();
      let nowMs = 0;
      let isAsking = false;
      let endsAtMs = 0;
      for (const { passMs, act, lifeMs } of steps) {
        nowMs += passMs;
        if (act === 'ask' && life.shouldAsk(nowMs)) {
          expect(isAsking).toBe(false);
          life.asked();
          isAsking = true;
        } else if (act === 'got' && isAsking) {
          endsAtMs = nowMs + lifeMs;
          life.got({ token: 't', expiresAtMs: endsAtMs }, nowMs);
          isAsking = false;
        } else if (act === 'failed' && isAsking) {
          life.got(providerError('server', 'no'), nowMs);
          isAsking = false;
        } else if (act === 'forget') life.forget();
        if (life.current(nowMs) !== null) expect(nowMs).toBeLessThan(endsAtMs);
        if (!isAsking && life.current(nowMs + PAUSE_MAX_MS) === null)
          expect(life.shouldAsk(nowMs + PAUSE_MAX_MS)).toBe(true);
      }
    }),
  );
});
