import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Usage } from '../chat/chat-answer.js';
import { providerKinds } from '../providers/registry.js';
import { type Catalogue, catalogueOf, costOf } from './catalogue.js';
import { freeKinds, shelves } from './kinds.js';
import { bare, matches, namesOf } from './match.js';
import { families } from './overlay.js';
import { loadPriceBook, type PriceBook } from './package-book.js';
import { costMicros, type PricePeriod, picodollars, type Rates, ratesAt } from './price.js';

const used = (more: Partial<Usage>): Usage => ({
  input: 0,
  output: 0,
  cachedInput: 0,
  cacheWrite: 0,
  reasoning: 0,
  isEstimated: false,
  ...more,
});

describe('a cost', () => {
  const rates: Rates = {
    input: picodollars(2.5),
    output: picodollars(10),
    cachedInput: picodollars(1.25),
    cacheWrite: picodollars(3.125),
  };

  it.each([
    ['input', { input: 1_000_000 }, 2_500_000],
    ['output', { output: 1_000_000 }, 10_000_000],
    ['input from the cache', { input: 1_000, cachedInput: 400 }, 2_000],
    ['input into the cache', { input: 1_000, cacheWrite: 1_000 }, 3_125],
    ['both', { input: 1_000, cachedInput: 400, cacheWrite: 600 }, 500 + 1_875],
    ['reasoning, as output', { output: 10, reasoning: 6 }, 100],
    ['nothing', {}, 0],
    ['parts beyond their sum, which are cut', { input: 10, cachedInput: 99, cacheWrite: 99 }, 13],
  ])('is for %s', (_what, usage, micros) => {
    expect(costMicros(used(usage), rates)).toBe(micros);
  });

  it('of half a microdollar is rounded up', () => {
    expect(costMicros(used({ input: 1 }), { input: 499_999, output: 0 })).toBe(0);
    expect(costMicros(used({ input: 1 }), { input: 500_000, output: 0 })).toBe(1);
  });

  it('has rates of its own for reasoning and for the call, where there are such', () => {
    const own = { input: 0, output: picodollars(8), reasoning: picodollars(3), request: picodollars(5 * 1_000) };
    // Five dollars for a thousand calls are five thousand microdollars for one.
    expect(costMicros(used({ output: 10, reasoning: 10 }), own)).toBe(30 + 5_000);
  });

  it('goes by the tier that the input has passed, for all of it', () => {
    const tiered = { input: { base: 1_000_000, tiers: [{ above: 200_000, rate: 2_000_000 }] }, output: 0 };
    expect(costMicros(used({ input: 200_000 }), tiered)).toBe(200_000);
    expect(costMicros(used({ input: 200_001 }), tiered)).toBe(400_002);
  });

  it('is whole, never negative, grows with each token, and is exact where numbers are not', () => {
    const tokens = fc.nat(2 ** 31 - 1);
    const usage = fc.record({
      input: tokens,
      output: tokens,
      cachedInput: tokens,
      cacheWrite: tokens,
      reasoning: tokens,
    });
    const rate = fc.nat(1_000_000_000);
    fc.assert(
      fc.property(usage, rate, rate, (some, input, output) => {
        const cost = costMicros(used(some), { input, output });
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(cost).toBeGreaterThanOrEqual(0);
        const exact =
          (BigInt(some.input) * BigInt(input) + BigInt(some.output) * BigInt(output) + 500_000n) / 1_000_000n;
        expect(BigInt(cost)).toBe(exact);
        expect(costMicros(used({ ...some, output: some.output + 1 }), { input, output })).toBeGreaterThanOrEqual(cost);
      }),
    );
  });
});

describe('prices over time', () => {
  const at = (input: number): Rates => ({ input, output: 0 });
  const period = (input: number, more: Partial<PricePeriod> = {}): PricePeriod => ({
    rates: at(input),
    fromMs: null,
    daily: null,
    ...more,
  });

  it('are the last that hold', () => {
    const periods = [period(1), period(2, { fromMs: 1_000 }), period(3, { fromMs: 2_000 })];
    expect([0, 1_000, 1_999, 2_000].map((nowMs) => ratesAt(periods, nowMs)?.input)).toEqual([1, 2, 2, 3]);
    expect(ratesAt([], 0)).toBeNull();
  });

  it('hold at their time of the day, also over midnight', () => {
    const hour = (h: number): number => h * 3_600_000;
    const byDay = [period(1), period(2, { daily: { fromS: 3_600, toS: 7_200 } })];
    expect([0, 1, 1.5, 2].map((h) => ratesAt(byDay, 86_400_000 * 9 + hour(h))?.input)).toEqual([1, 2, 2, 1]);
    const byNight = [period(1), period(2, { daily: { fromS: 23 * 3_600, toS: 3_600 } })];
    expect([0, 1, 22, 23].map((h) => ratesAt(byNight, hour(h))?.input)).toEqual([2, 1, 1, 2]);
  });
});

describe('names of models', () => {
  it.each([
    ['gpt-4o-20240806', 'gpt-4o-2024-08-06'],
    ['gpt-4o-2024-08-06', 'gpt-4o'],
    ['claude-sonnet-4@20250514', 'claude-sonnet-4'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5'],
    ['models/gemini-2.5-pro', 'gemini-2.5-pro'],
    ['meta-llama/llama-3.3-70b-instruct:free', 'llama-3.3-70b-instruct'],
    ['mistral-large-latest', 'mistral-large'],
  ])('of %s lead to %s', (model, name) => {
    expect(namesOf(model)).toContain(name);
    expect(namesOf(model)[0]).toBe(model);
  });

  it('match by rules, in any case', () => {
    expect(matches({ and: [{ starts_with: 'GPT' }, { or: [{ ends_with: 'x' }, { contains: '-4' }] }] }, 'gpt-4o')).toBe(
      true,
    );
    expect(matches({ and: [{ starts_with: 'gpt' }, { equals: 'gpt' }] }, 'gpt-4o')).toBe(false);
    expect(matches({ regex: '^g' }, 'gpt')).toBe(true);
  });

  it('are never empty, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (model) => {
        expect(namesOf(model)).toContain(model);
        expect(bare(model)).not.toContain('/');
      }),
    );
  });
});

describe('the catalogue', () => {
  let book: PriceBook;
  let catalogue: Catalogue;
  beforeAll(async () => {
    book = await loadPriceBook();
    catalogue = catalogueOf(book);
  });

  it.each([
    ['openai', 'gpt-4o-2024-08-06', 'gpt-4o', 128_000],
    ['openai', 'gpt-4o-20240806', 'gpt-4o', 128_000],
    ['azure-openai', 'gpt-4o', 'gpt-4o', 128_000],
    ['gemini', 'gemini-2.5-pro', 'gemini-2.5-pro', 1_048_576],
    ['gemini', 'models/gemini-2.5-pro', 'gemini-2.5-pro', 1_048_576],
    ['deepseek', 'deepseek-chat', 'deepseek-chat', 64_000],
  ])('of %s knows %s as %s', (kind, model, name, contextWindow) => {
    expect(catalogue.find(kind, model)).toMatchObject({ kind, name, contextWindow });
  });

  it('says what a call has cost, as the price list does', () => {
    const card = catalogue.find('openai', 'gpt-4o');
    // 2.50, 1.25 and 10 dollars for a million.
    expect(card && costOf(card, used({ input: 1_000, cachedInput: 200, output: 100 }), 0)).toBe(2_000 + 250 + 1_000);
    const tiered = catalogue.find('gemini', 'gemini-2.5-pro');
    expect(tiered && costOf(tiered, used({ input: 200_000 }), 0)).toBe(250_000);
    expect(tiered && costOf(tiered, used({ input: 300_000 }), 0)).toBe(750_000);
  });

  it('has prices that change with the hour', () => {
    const card = catalogue.find('deepseek', 'deepseek-chat');
    const at = (time: string): number | null =>
      card && costOf(card, used({ input: 1_000_000 }), Date.parse(`2025-08-01T${time}Z`));
    expect(at('12:00:00')).toBe(270_000);
    expect(at('20:00:00')).toBe(135_000);
  });

  it('knows what a family of models takes and can', () => {
    expect(catalogue.find('openai', 'gpt-4o-mini')).toMatchObject({
      inputs: ['text', 'image', 'document'],
      capabilities: ['tools', 'jsonSchema'],
      outputMax: 16_384,
    });
    expect(catalogue.find('bedrock', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0')?.capabilities).toContain(
      'reasoning',
    );
  });

  it('has a shelf for a provider by its name, and none for what only sounds like it', () => {
    expect(book('aws').length).toBeGreaterThan(0);
    expect(book('my-bedrock')).toEqual([]);
  });

  it('knows nothing of what nobody knows, and does not say that it is free', () => {
    expect(catalogue.find('openai', 'my-own-model')).toBeNull();
    const card = catalogue.find('lambda', 'qwen3-32b');
    expect(card && costOf(card, used({ input: 9 }), 0)).toBeNull();
  });

  it('asks nothing for what runs at home', () => {
    const card = catalogue.find('ollama', 'anything:7b');
    expect(card && costOf(card, used({ input: 9, output: 9 }), 0)).toBe(0);
  });

  it('hears the config first, and takes the rest from the others', () => {
    const mine = catalogueOf(book, {
      openai: [{ name: 'gpt-4o', contextWindow: 64_000, price: { input: 1, output: 2 } }],
      '*': [
        {
          name: 'house-model',
          match: { starts_with: 'house' },
          title: 'House',
          contextWindow: 8_192,
          capabilities: ['tools'],
        },
      ],
    });
    const card = mine.find('openai', 'gpt-4o');
    expect(card).toMatchObject({ contextWindow: 64_000, capabilities: ['tools', 'jsonSchema'] });
    expect(card && costOf(card, used({ input: 10, output: 10 }), 0)).toBe(30);
    expect(mine.find('vllm', 'house-7b')).toMatchObject({ name: 'house-model', title: 'House', contextWindow: 8_192 });
    expect(mine.list('openai').map(({ name }) => name)).toContain('house-model');
  });

  it('hears what is said of one kind before what is said of all', () => {
    const mine = catalogueOf(book, {
      vllm: [{ name: 'house', outputMax: 1, inputs: ['text'] }],
      '*': [{ name: 'house', outputMax: 2, title: 'House' }],
    });
    expect(mine.find('vllm', 'house')).toMatchObject({ outputMax: 1, inputs: ['text'], title: 'House' });
    expect(mine.find('sglang', 'house')).toMatchObject({ outputMax: 2, inputs: null });
  });

  it('lists each model of a provider once, and finds each again by its name', () => {
    for (const kind of ['openai', 'anthropic', 'mistral', 'groq', 'ai21']) {
      const cards = catalogue.list(kind);
      expect(cards.length).toBeGreaterThan(1);
      expect(new Set(cards.map(({ name }) => name)).size).toBe(cards.length);
      for (const { name } of cards) expect(catalogue.find(kind, name)?.name).toBe(name);
    }
  });

  it('has models on every shelf that it names, with rates that are whole', () => {
    let count = 0;
    for (const shelf of new Set(Object.values(shelves).flat())) {
      const models = book(shelf);
      expect(models.length, shelf).toBeGreaterThan(0);
      count += models.length;
      for (const { prices } of models) {
        for (const { rates, daily, fromMs } of prices) {
          for (const rate of Object.values(rates).flatMap((each) => (typeof each === 'number' ? each : [each.base]))) {
            expect(Number.isSafeInteger(rate)).toBe(true);
          }
          if (daily !== null) expect(daily.fromS + daily.toS).toBeGreaterThanOrEqual(0);
          if (fromMs !== null) expect(fromMs).not.toBeNaN();
        }
      }
    }
    expect(count).toBeGreaterThan(1_000);
  });

  it('names kinds that there are, and families that can be read', () => {
    const kinds = providerKinds();
    for (const kind of [...catalogue.kinds, ...freeKinds]) expect(kinds).toContain(kind);
    expect(catalogueOf(book, { mine: [{ name: 'm' }], '*': [] }).kinds).toEqual([...catalogue.kinds, 'mine'].sort());
    for (const { match } of families) expect(matches(match, '')).toBe(false);
  });
});
