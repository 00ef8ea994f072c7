import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { type AiOutcome, newOutcome } from '../ai/gateway/outcome.js';
import type { Exchange } from '../pipeline/exchange.js';
import { makeExchange } from '../pipeline/testing/harness.js';
import { GenAiCells, TokenCells, tokenBuckets } from './gen-ai-cells.js';
import { genAiFamilies } from './gen-ai-families.js';

const usage = { input: 5, output: 101, cachedInput: 0, cacheWrite: 0, reasoning: 0, isEstimated: false };
const ended = (more: Partial<AiOutcome> = {}, exchange: Partial<Exchange> = {}, operation = 'chat'): Exchange =>
  Object.assign(makeExchange(), {
    ...{ receivedAtMs: 1_000, endedAtMs: 3_000 },
    ...exchange,
    ai: { ...newOutcome('smart', operation), provider: 'a', providerModel: 'm', ...more },
  });
const linesOf = (cells: GenAiCells): string =>
  genAiFamilies(cells)
    .flatMap((family) => [...family.lines()])
    .join('');
const labels = (operation: string) =>
  `gen_ai_operation_name="${operation}",gen_ai_provider_name="a",gen_ai_request_model="smart"`;

describe('metrics in the words of OpenTelemetry', () => {
  it('tell tokens, durations, the first token and those behind it, by operation, provider and model', () => {
    const cells = new GenAiCells();
    cells.ended(ended({ usage, firstTokenMs: 400, contentMs: 1_500 }));
    cells.ended(ended({ usage: { ...usage, output: 0 } }, {}, 'imageEdits'));
    const lines = linesOf(cells);
    for (const line of [
      `gen_ai_client_token_usage_sum{${labels('chat')},gen_ai_token_type="input"} 5`,
      `gen_ai_client_token_usage_bucket{${labels('chat')},gen_ai_token_type="output",le="64"} 0`,
      `gen_ai_client_token_usage_bucket{${labels('chat')},gen_ai_token_type="output",le="256"} 1`,
      `gen_ai_client_operation_duration_seconds_sum{${labels('chat')}} 2`,
      `gen_ai_server_time_to_first_token_seconds_sum{${labels('chat')}} 0.4`,
      // A hundred gaps between a hundred and one tokens.
      `gen_ai_server_time_per_output_token_seconds_sum{${labels('chat')}} 0.015`,
      `gen_ai_client_operation_duration_seconds_count{${labels('image_edits')}} 1`,
    ]) {
      expect(lines).toContain(`${line}\n`);
    }
    expect(lines).not.toContain(`first_token_seconds_count{${labels('image_edits')}`);
  });

  it('say why a request failed', () => {
    const cells = new GenAiCells();
    cells.ended(ended({ error: 'timeout' }));
    cells.ended(ended({}, { failure: failure('client_gone', '') }));
    const lines = linesOf(cells);
    expect(lines).toContain(`duration_seconds_count{${labels('chat')},error_type="timeout"} 1\n`);
    expect(lines).toContain(`duration_seconds_count{${labels('chat')},error_type="client_gone"} 1\n`);
  });

  it('know no time per token of one token, or of an answer whose tokens nobody knows', () => {
    const cells = new GenAiCells();
    cells.ended(ended({ usage: { ...usage, output: 1 }, firstTokenMs: 4, contentMs: 0 }));
    cells.ended(ended({ firstTokenMs: 4, contentMs: 9 }));
    expect(linesOf(cells)).not.toContain('per_output_token_seconds_count');
  });

  it('have nothing of what is no request to models, and forget what is not known any more', () => {
    const cells = new GenAiCells();
    cells.ended(makeExchange());
    expect(linesOf(cells)).toBe('');
    cells.ended(ended());
    cells.retain(({ model }) => model !== 'smart');
    expect(linesOf(cells)).toBe('');
    cells.ended(ended());
    expect(cells.series.size).toBe(1);
  });
});

it('each number of tokens is in the first bucket that has room for it', () => {
  for (const [tokens, bucket] of [
    [0, 0],
    [1, 0],
    [2, 1],
    [4, 1],
    [5, 2],
    [4 ** 13, 13],
    [4 ** 13 + 1, 14],
  ] as const) {
    const cells = new TokenCells();
    cells.observe(tokens);
    expect(cells.counts.indexOf(1)).toBe(bucket);
    if (bucket < tokenBuckets.length) expect(tokens).toBeLessThanOrEqual(tokenBuckets[bucket] ?? 0);
  }
});
