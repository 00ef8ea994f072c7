import { failure } from '@weir/proto/http/failures.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import { type AiOutcome, newOutcome } from '../ai/gateway/outcome.js';
import { provider, routeSpec, target } from '../ai/gateway/testing/gateway.js';
import type { Exchange } from '../pipeline/exchange.js';
import { makeExchange, makeRequest } from '../pipeline/testing/harness.js';
import { makeRoute } from '../pipeline/testing/specs.js';
import { aiFamilies } from './ai-families.js';
import { aiPart } from './ai-line.js';
import { Cells } from './cells.js';
import { LineParts } from './line-parts.js';
import { logLine } from './log-line.js';

const usage = { input: 5, output: 7, cachedInput: 2, cacheWrite: 0, reasoning: 3, isEstimated: false };
const ended = (more: Partial<AiOutcome> = {}, model = 'chat'): Exchange =>
  Object.assign(makeExchange(), { ai: { ...newOutcome(model), provider: 'a', providerModel: 'm', ...more } });
const linesOf = (cells: Cells, keys = () => []) =>
  aiFamilies({ cells, aiKeys: keys })
    .flatMap((family) => [...family.lines()])
    .join('');

describe('what requests to models have moved', () => {
  it('is told by model, provider and outcome', () => {
    const cells = new Cells();
    cells.ai.ended(ended({ usage, firstTokenMs: 40 }));
    cells.ai.ended(ended({ usage: { ...usage, isEstimated: true }, error: 'timeout' }));
    cells.ai.ended(Object.assign(ended(), { failure: failure('client_gone', '') }));
    cells.ai.ended(ended({ moves: [{ how: 'model', provider: 'b', why: 'rateLimited' }] }));
    cells.ai.ended(makeExchange());
    const lines = linesOf(cells);
    for (const line of [
      'weir_ai_requests_total{model="chat",provider="a",outcome="ok"} 2',
      'weir_ai_requests_total{model="chat",provider="a",outcome="timeout"} 1',
      'weir_ai_requests_total{model="chat",provider="a",outcome="client_gone"} 1',
      'weir_ai_tokens_total{model="chat",provider="a",kind="output"} 14',
      'weir_ai_tokens_total{model="chat",provider="a",kind="cached_input"} 4',
      'weir_ai_estimated_total{model="chat",provider="a"} 1',
      'weir_ai_time_to_first_token_seconds_count{model="chat",provider="a"} 1',
      'weir_ai_fallbacks_total{model="chat",to="model",reason="rate_limited"} 1',
    ]) {
      expect(lines).toContain(`${line}\n`);
    }
  });

  it('holds what second attempts and continuations took, each at the provider that bills it', () => {
    const cells = new Cells();
    const besides = [
      { provider: 'b', providerModel: 'n', usage, isInputSaid: true, why: 'hedge' as const },
      { provider: 'b', providerModel: 'n', usage, isInputSaid: true, why: 'failed' as const },
    ];
    const resumed = [{ provider: 'a', providerModel: 'm', how: 'prefix' as const }];
    cells.ai.ended(ended({ usage, besides, resumed, hedge: 'won' }));
    cells.ai.ended(ended({ usage, hedge: 'lost' }));
    const bill = [
      { provider: 'a', usage, costMicros: 2_000_000 },
      { provider: 'b', usage, costMicros: 500_000 },
      { provider: 'c', usage, costMicros: null },
    ];
    cells.ai.ended(ended({ bill, team: 'red', costMicros: null }));
    const lines = linesOf(cells);
    for (const line of [
      'weir_ai_tokens_total{model="chat",provider="a",kind="output"} 14',
      'weir_ai_tokens_total{model="chat",provider="b",kind="output"} 14',
      'weir_ai_hedges_total{model="chat",provider="a",outcome="won"} 1',
      'weir_ai_hedges_total{model="chat",provider="a",outcome="lost"} 1',
      'weir_ai_wasted_tokens_total{model="chat",provider="b",reason="hedge"} 12',
      'weir_ai_resumed_total{model="chat",provider="a",how="prefix"} 1',
      'weir_ai_cost_dollars_total{route="",model="chat",provider="a",team="red"} 2',
      'weir_ai_cost_dollars_total{route="",model="chat",provider="b",team="red"} 0.5',
      'weir_ai_unpriced_total{model="chat",provider="c"} 1',
    ]) {
      expect(lines).toContain(`${line}\n`);
    }
    const said = aiPart({ ...newOutcome('chat'), provider: 'a', hedge: 'won', resumed });
    expect(said).toContain(',"hedge":"won","resumed":[{"provider":"a","how":"prefix"}]');
  });

  it('is forgotten with the models and providers that the configuration names no more', () => {
    const cells = new Cells();
    const moves = [{ how: 'key', provider: 'a', why: 'rateLimited' } as const];
    for (const guard of ['g', 'gone'])
      for (const how of ['masked', 'masked', 'refused'] as const)
        cells.ai.ended(ended({ guarded: [{ guard, on: 'request', how }] }, 'gone'));
    expect(linesOf(cells)).toContain('weir_ai_guarded_total{guard="g",on="request",did="masked"} 2\n');
    const guard = { id: 'g', onRequest: true, onAnswer: true, action: 'mask', restores: false } as const;
    const checks = {
      pii: [],
      patterns: [],
      deny: [],
      charactersMax: null,
      messagesMax: null,
      answerCharactersMax: null,
    };
    for (const model of ['chat', 'a/*', 'a/m', 'gone']) cells.ai.ended(ended({ moves }, model));
    cells.ai.ended(ended({ provider: 'b' }));
    const models = [{ id: 'chat', targets: [target('a/m')] }];
    const routes = [makeRoute({ action: { ...routeSpec, models: ['a/m'] } })];
    const ai = {
      providers: [provider('a')],
      models,
      prompts: [],
      guards: [{ ...guard, ...checks, injectionScore: null, webhook: null }],
    };
    cells.ai.retain({ ai, routes } satisfies Pick<Snapshot, 'ai' | 'routes'>);
    expect([...cells.ai.series.values()].map(({ model, provider: of }) => [model, of])).toEqual([
      ['chat', 'a'],
      ['a/*', 'a'],
      ['a/m', 'a'],
    ]);
    expect([...cells.ai.moves.values()].map(({ model }) => model)).toEqual(['chat', 'a/*', 'a/m']);
    expect([...cells.ai.guards.values()].map((count) => [count.guard, count.how, count.count])).toEqual([
      ['g', 'masked', 2],
      ['g', 'refused', 1],
    ]);
    cells.ai.retain({ ai: null, routes: [] });
    expect([cells.ai.series.size, cells.ai.moves.size, cells.ai.guards.size]).toEqual([0, 0, 0]);
  });

  it('tells of keys by their names', () => {
    const reading = { provider: 'a', key: 'k', state: 'out', takenOut: 2, rested: 1 } as const;
    const lines = aiFamilies({ cells: new Cells(), aiKeys: () => [reading] })
      .flatMap((family) => [...family.lines()])
      .join('');
    expect(lines).toBe(
      'weir_ai_key_standing{provider="a",key="k"} 0\nweir_ai_key_refused_total{provider="a",key="k"} 2\n' +
        'weir_ai_key_rested_total{provider="a",key="k"} 1\n',
    );
  });
});

describe('the line of a request to models', () => {
  it('names who answered, how soon and for how much', () => {
    const request = makeRequest({ exchange: ended({ usage, firstTokenMs: 40.04, dropped: ['seed'] }) });
    const options = { secrets: new Set<string>(), requestHeaders: [], parts: new LineParts() };
    expect(JSON.parse(logLine(request, options))).toMatchObject({
      ai: {
        model: 'chat',
        provider: 'a',
        provider_model: 'm',
        first_token_ms: 40,
        input_tokens: 5,
        output_tokens: 7,
        cached_tokens: 2,
        reasoning_tokens: 3,
        dropped: ['seed'],
      },
    });
  });

  it('tells why more than one was asked, and what came of it', () => {
    const moves = [{ how: 'key', provider: 'a"', why: 'rateLimited' } as const];
    const outcome = { ...newOutcome('"\n'), error: 'timeout', moves } as const;
    expect(JSON.parse(`{${aiPart(outcome).slice(1)}}`)).toEqual({
      ai: { model: '"\n', error: 'timeout', moves: [{ to: 'key', from: 'a"', reason: 'rateLimited' }] },
    });
  });
});
