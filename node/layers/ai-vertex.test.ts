import { headerValue } from '@weir/proto/http/headers.js';
import { describe, expect, it } from 'vitest';
import { embed } from '../ai/cache/embed.js';
import type { AiRules } from '../ai/gateway/ai-route.js';
import { answerJson, ask, provider, setUp, target } from '../ai/gateway/testing/gateway.js';
import type { GoogleOutside } from '../ai/google/access-tokens.js';
import { makeRequest } from '../pipeline/testing/harness.js';

type Answer = Awaited<ReturnType<GoogleOutside['exchange']>>;

const file = JSON.stringify({ type: 'service_account', client_email: 'a@p.example', private_key: 'PEM' });
const vertex = provider('v', {
  ...{ kind: 'vertex', settings: { project: 'p' } },
  keys: [{ id: 'account', secret: file, weight: 1 }],
});
const models = [
  { id: 'chat', targets: [target('v/gemini-2.5-pro'), target('a/m', ['timeout', 'error', 'overloaded'])] },
];
const said = {
  candidates: [{ content: { parts: [{ text: 'hi' }], role: 'model' }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
};

/** The clock of tokens stands still. */
function started(onBug?: (error: unknown) => void) {
  const answers: ((answer: Answer) => void)[] = [];
  const google: GoogleOutside = {
    nowMs: () => 0,
    wallMs: () => 0,
    signer: () => () => new Uint8Array([1]),
    exchange: () => new Promise((resolve) => answers.push(resolve)),
  };
  const settle = async (answer: Answer): Promise<void> => {
    answers.at(-1)?.(answer);
    await new Promise((done) => setImmediate(done));
  };
  const heard = onBug === undefined ? {} : { onBug };
  return { ...setUp({ google, ai: { providers: [vertex, provider('a')], models }, ...heard }), answers, settle };
}

const token = (access_token: string): Answer => ({
  status: 200,
  body: JSON.stringify({ access_token, expires_in: 3_600 }),
});

describe('Vertex AI', () => {
  it('is asked with a token as soon as there is one, and with the same one next time', async () => {
    const { send, below, answers, settle } = started();
    const first = send(ask());
    expect(below.calls).toHaveLength(0);
    await settle(token('ya29.one'));
    expect(headerValue(below.last().request.headers, 'authorization')).toBe('Bearer ya29.one');
    answerJson(below.last(), said);
    expect(first.handler.status).toBe(200);
    send(ask());
    expect([below.calls.length, answers.length]).toEqual([2, 1]);
  });

  it('is not asked for the vector of a question without a token, which would put its key out', async () => {
    const { compiled, below, clock, settle, send } = started();
    const services = { clock, random: () => 0 };
    const parts = { services, ai: compiled, ask: new Map([['v', below.dispatch]]), hosts: new Map() };
    const rules = parts as unknown as AiRules; // What is looked at here.
    const vectors: unknown[] = [];
    const look = () =>
      embed('words', makeRequest({}), { provider: 'v', model: 'e' }, rules, (one) => vectors.push(one));
    look();
    expect([below.calls.length, vectors]).toEqual([0, [null]]);
    send(ask());
    await settle(token('ya29.one'));
    look();
    expect(headerValue(below.last().request.headers, 'authorization')).toBe('Bearer ya29.one');
  });

  it.each([
    ['a chat', ask(), '/v1/chat/completions', said],
    ['vectors', { model: 'v/e', input: 'x' }, '/v1/embeddings', { predictions: [{ embeddings: { values: [1] } }] }],
  ])('lets no bug of one request keep the token from the others: %s', async (_what, body, path, answer) => {
    const bugs: unknown[] = [];
    const { send, below, settle } = started((bug) => bugs.push(bug));
    let isBroken = false;
    const headers = new Proxy(['accept', '*/*'], {
      get(list, name, receiver) {
        const mayPass = !isBroken;
        isBroken = false;
        if (mayPass) return Reflect.get(list, name, receiver);
        throw new Error('a bug');
      },
    });
    send(body, { path, headers });
    const second = send(body, { path });
    isBroken = true;
    await settle(token('ya29.one'));
    expect(bugs).toHaveLength(1);
    answerJson(below.last(), answer);
    expect(second.handler.status).toBe(200);
  });

  it('is asked for vectors in the same way', async () => {
    const { send, below, settle } = started();
    const { handler } = send({ model: 'v/text-embedding-005', input: 'x' }, { path: '/v1/embeddings' });
    await settle(token('ya29.one'));
    expect(headerValue(below.last().request.headers, 'authorization')).toBe('Bearer ya29.one');
    answerJson(below.last(), { predictions: [{ embeddings: { values: [1] } }] });
    expect(handler.status).toBe(200);
  });

  it('without a token is a failure of its key, and another model answers unseen', async () => {
    const { send, below, settle, store, clock } = started();
    const { handler, exchange } = send(ask());
    await settle({ status: 400, body: JSON.stringify({ error: 'invalid_grant' }) });
    expect(below.last().request.path).toBe('/v1/chat/completions');
    answerJson(below.last(), { choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }] });
    expect([handler.status, exchange.ai?.moves]).toEqual([
      200,
      [{ how: 'model', provider: 'v', why: 'authentication' }],
    ]);
    expect([...store.keys(clock.nowMs())].find(({ key }) => key === 'account')?.state).toBe('out');
  });

  it('that waits for its token for too long is left, by its client as well', async () => {
    const { send, below, clock, settle } = started();
    send(ask({ stream: true }));
    clock.advance(3_100);
    expect(below.last().request.path).toBe('/v1/chat/completions');
    const gone = started();
    gone.send(ask()).cancel();
    await gone.settle(token('late'));
    await settle(token('late'));
    expect([gone.below.calls.length, below.calls.length, gone.timers.armed]).toEqual([0, 1, 0]);
  });

  it('that refuses a token is asked with another one', async () => {
    const { send, below, settle, answers, clock } = started();
    send(ask({ model: 'v/gemini-2.5-pro' }));
    await settle(token('revoked'));
    answerJson(below.last(), { error: { code: 401, message: 'no', status: 'UNAUTHENTICATED' } }, 401);
    clock.advance(31_000);
    send(ask({ model: 'v/gemini-2.5-pro' }));
    expect(answers).toHaveLength(2);
  });

  it.each([
    ['{', 'not a JSON object'],
    [JSON.stringify({ type: 'authorized_user' }), 'not that of a service account'],
  ])('with the key %s is refused with the reason', (secret, reason) => {
    const google: GoogleOutside = {
      ...{ nowMs: () => 0, wallMs: () => 0, exchange: async () => null },
      signer: () => {
        throw new Error('PEM routines: secret');
      },
    };
    const made = (text: string) => () =>
      setUp({ google, ai: { providers: [{ ...vertex, keys: [{ id: 'k', secret: text, weight: 1 }] }], models: [] } });
    expect(made(secret)).toThrow(reason);
    expect(made(file)).toThrow('is no RSA key');
    expect(made(file)).not.toThrow('PEM routines');
  });
});
