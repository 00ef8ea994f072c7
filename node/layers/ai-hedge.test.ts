import type { AiHedgeSpec } from '@weir/proto/snapshot/ai.js';
import { describe, expect, it } from 'vitest';
import {
  answerJson,
  ask,
  askStream,
  beginStream,
  eventsIn,
  keyOf,
  openAi,
  provider,
  saidIn,
  setUp,
  target,
} from '../ai/gateway/testing/gateway.js';

const hedge: AiHedgeSpec = { after: { kind: 'fixed', ms: 800 }, budgetShare: 1, budgetFloorPerS: 0 };
const twoModels = {
  models: [{ id: 'chat', targets: [target('a/m'), target('a/n', ['timeout', 'error', 'rateLimited'])] }],
};
const twoKeys = {
  providers: [provider('a', { keys: ['k1', 'k2'].map((id) => ({ id, secret: `sk-${id}`, weight: 1 })) })],
  models: [{ id: 'chat', targets: [target('a/m')] }],
};
const given = (ai = twoModels, more: Partial<AiHedgeSpec> = {}, attempts = 4) => {
  const all = setUp({ ai: { providers: [provider('a')], ...ai }, spec: { hedge: { ...hedge, ...more }, attempts } });
  const call = (index: number) => {
    const found = all.below.calls[index];
    if (found === undefined) throw new Error(`nobody was asked a time ${index + 1}`);
    return found;
  };
  return { ...all, call };
};
const modelOf = ({ request }: { request: { body: unknown } }): string => {
  const { bytes } = request.body as { bytes: Uint8Array }; // The driver sends whole bodies.
  return JSON.parse(new TextDecoder().decode(bytes)).model;
};

describe('a stream whose first token is late', () => {
  it('is asked of another model beside the first, and whoever has content first is heard, alone', () => {
    const { call, below, send, clock, decided } = given();
    const { handler, exchange } = send(askStream());
    beginStream(call(0));
    call(0).data(openAi.chunk({ role: 'assistant', content: '' }));
    clock.advance(799);
    expect(below.calls).toHaveLength(1);
    clock.advance(20);
    expect([below.calls.length, modelOf(call(1)), call(1).request.cause]).toEqual([2, 'n', 'hedge']);
    beginStream(call(1));
    call(1).data(openAi.chunk({ role: 'assistant', content: '' }));
    expect([call(0).cancelled, handler.text()]).toEqual([false, '']);
    call(1).data(openAi.chunk({ content: 'two' }));
    // The loser is aborted before the winner goes on.
    expect([call(0).cancelled, call(1).cancelled, saidIn(handler.text())]).toEqual([true, false, 'two']);
    call(1).data(openAi.chunk({}, 'stop') + openAi.usage + openAi.done);
    call(1).complete();
    expect(eventsIn(handler.text()).at(-1)).toBe('[DONE]');
    expect(decided).toEqual(['hedge', 'hedge_won']);
    expect(exchange.ai).toMatchObject({
      hedge: 'won',
      ...{ provider: 'a', providerModel: 'n', usage: { input: 5, output: 7, isEstimated: false }, moves: [] },
      besides: [{ provider: 'a', providerModel: 'm', why: 'hedge', usage: { output: 0, isEstimated: true } }],
    });
    expect(exchange.ai?.besides[0]?.usage.input).toBeGreaterThan(0);
  });

  it('may still be answered by the first, and what the second has said by then is not heard', () => {
    const { call, send, clock, decided } = given();
    const { handler, exchange } = send(askStream());
    beginStream(call(0));
    clock.advance(810);
    beginStream(call(1));
    call(1).data(openAi.chunk({ role: 'assistant', content: '' }) + openAi.usage);
    call(0).data(openAi.chunk({ content: 'one' }));
    expect([call(0).cancelled, call(1).cancelled]).toEqual([false, true]);
    // What was on its way when it was aborted.
    expect(call(1).data(openAi.chunk({ content: 'two' }))).toBe(false);
    expect(saidIn(handler.text())).toBe('one');
    expect(decided).toEqual(['hedge']);
    expect(exchange.ai).toMatchObject({
      hedge: 'lost',
      providerModel: 'm',
      besides: [{ providerModel: 'n', usage: { input: 5, output: 7 } }],
    });
  });

  it('is asked by another key where there is no other model', () => {
    const { call, send, clock } = given(twoKeys);
    send(askStream());
    beginStream(call(0));
    clock.advance(810);
    expect(new Set([keyOf(call(0)), keyOf(call(1))])).toEqual(new Set(['Bearer sk-k1', 'Bearer sk-k2']));
  });

  it('is asked of nobody where there is neither', () => {
    const { below, send, clock } = given({
      models: [{ id: 'chat', targets: [target('a/m'), target('a/n', ['contextExceeded'])] }],
    });
    send(askStream());
    beginStream(below.last());
    clock.advance(2_000);
    expect(below.calls).toHaveLength(1);
  });

  it('is asked no more often than the route has attempts', () => {
    const { below, send, clock } = given(twoModels, {}, 1);
    send(askStream());
    clock.advance(2_000);
    expect(below.calls).toHaveLength(1);
  });

  it('goes on with the one that is left when the other fails, and moves on when both have', () => {
    const models = [{ id: 'chat', targets: [target('a/m'), target('a/n', ['timeout']), target('a/o', ['error'])] }];
    const { call, below, send, clock, timers } = given({ models });
    const { handler } = send(askStream());
    clock.advance(810);
    answerJson(call(0), { error: { message: 'no' } }, 500);
    expect([below.calls.length, handler.ended, call(1).cancelled]).toEqual([2, false, false]);
    answerJson(call(1), { error: { message: 'no' } }, 500);
    expect([below.calls.length, modelOf(call(2))]).toEqual([3, 'o']);
    beginStream(call(2));
    call(2).data(openAi.stream('three'));
    call(2).complete();
    expect([saidIn(handler.text()), timers.armed]).toEqual(['three', 0]);
  });

  it('has both limits of time: the first fails at its own, and the second at its own', () => {
    const { call, send, clock, fired } = given();
    send(askStream());
    clock.advance(810);
    clock.advance(2_200);
    expect([call(0).cancelled, call(1).cancelled, fired]).toEqual([true, false, ['firstToken']]);
    clock.advance(820);
    expect([call(1).cancelled, fired]).toEqual([true, ['firstToken', 'firstToken']]);
  });

  it('whose client leaves has both aborted at once, and nothing is left of either', () => {
    const { call, send, clock, timers, bodies, heldBytes } = given();
    const { cancel } = send(askStream());
    beginStream(call(0));
    clock.advance(810);
    cancel();
    expect([call(0).cancelled, call(1).cancelled, timers.armed, bodies.bytes, heldBytes.bytes]).toEqual([
      true,
      true,
      0,
      0,
      0,
    ]);
  });
});

describe('a second attempt', () => {
  it('is not made for a whole answer, nor for a stream with content', () => {
    const { below, send, clock, call } = given();
    send(ask());
    clock.advance(2_000);
    expect(below.calls).toHaveLength(1);
    send(askStream());
    beginStream(call(1));
    call(1).data(openAi.chunk({ content: 'one' }));
    clock.advance(900);
    expect(below.calls).toHaveLength(2);
  });

  it('is bounded by its budget', () => {
    const { below, send, clock, decided } = given(twoModels, { budgetShare: 0.5 });
    for (let i = 0; i < 10; i += 1) send(askStream());
    clock.advance(900);
    expect(decided.filter((one) => one === 'hedge')).toHaveLength(5);
    expect(decided.filter((one) => one === 'hedge_refused_budget')).toHaveLength(5);
    expect(below.calls).toHaveLength(15);
  });

  it('is made after what was learnt of the model, once enough was, and never sooner than its floor', () => {
    const after = { kind: 'adaptive', quantile: 0.95, factor: 1, minMs: 100, maxMs: 2_500, coldMs: 2_000 } as const;
    const { below, send, clock, call } = given(twoModels, { after });
    const answerAfter = (ms: number) => {
      send(askStream());
      const one = below.last();
      beginStream(one);
      clock.advance(ms);
      one.data(openAi.stream('hi'));
      one.complete();
    };
    for (let i = 0; i < 99; i += 1) answerAfter(400);
    const asked = below.calls.length;
    send(askStream());
    clock.advance(1_900);
    expect(below.calls).toHaveLength(asked + 1);
    beginStream(call(asked));
    call(asked).data(openAi.stream('hi'));
    call(asked).complete();
    for (let i = 0; i < 20; i += 1) answerAfter(400);
    const before = below.calls.length;
    send(askStream());
    clock.advance(350);
    expect(below.calls).toHaveLength(before + 1);
    clock.advance(150);
    expect(below.calls).toHaveLength(before + 2);
  });
});
