import type { AiChoiceSpec, AiTargetSpec } from '@weir/proto/snapshot/ai.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../pipeline/testing/harness.js';
import type { ModelCard } from '../catalogue/card.js';
import { picodollars } from '../catalogue/price.js';
import { chat, message, tool } from '../providers/testing/chats.js';
import { type Known, planOf } from './plan.js';
import { Speeds } from './speeds.js';

const card = (more: Partial<ModelCard> = {}): ModelCard => ({
  ...{ kind: 'p', name: 'm', title: 'M', contextWindow: null, outputMax: null, inputs: null, outputs: null },
  ...{ capabilities: null, isDeprecated: false, prices: [] },
  ...more,
});
const costing = (input: number, output = input): Partial<ModelCard> => ({
  prices: [{ rates: { input: picodollars(input), output: picodollars(output) }, fromMs: null, daily: null }],
});
const target = (model: string, when: AiTargetSpec['when'] = null): AiTargetSpec => ({
  provider: 'p',
  model,
  weight: 1,
  when,
});
const choice = (more: Partial<AiChoiceSpec> = {}): AiChoiceSpec => ({
  balance: 'weighted',
  affinity: null,
  fits: true,
  ...more,
});

function plan(
  targets: readonly AiTargetSpec[],
  chosen: AiChoiceSpec | null,
  cards: Readonly<Record<string, ModelCard>>,
  asked = chat(),
  speeds = new Speeds(),
) {
  const random = seededRandom(3);
  const known: Known = { card: ({ model }) => cards[model] ?? null, speeds, nowMs: 0, wallMs: 0, random };
  let drawn = 0;
  // In the order in which they are given.
  const draw = (): number => 0.1 + 0.01 * drawn++;
  const { candidates, met } = planOf(targets, chosen, asked, draw, known);
  return { models: candidates.map(({ model }) => model), met };
}

const long = (characters: number) => chat({ messages: [message('user', 'x'.repeat(characters))] });

describe('cheapest', () => {
  const cards = { dear: card(costing(10)), cheap: card(costing(1)), unknown: card(), own: card(costing(0)) };

  it('comes first, and what nobody knows the price of comes last', () => {
    const targets = ['dear', 'unknown', 'cheap', 'own'].map((model) => target(model));
    expect(plan(targets, choice({ balance: 'cheapest' }), cards).models).toEqual(['own', 'cheap', 'dear', 'unknown']);
    expect(plan(targets, choice(), cards).models).toEqual(['dear', 'unknown', 'cheap', 'own']);
  });

  it('is so for what is asked: input and output have prices of their own', () => {
    const cards = { reads: card(costing(1, 10)), writes: card(costing(3, 2)) };
    const targets = [target('reads'), target('writes')];
    expect(plan(targets, choice({ balance: 'cheapest' }), cards, long(40_000)).models[0]).toBe('reads');
    expect(plan(targets, choice({ balance: 'cheapest' }), cards, chat()).models[0]).toBe('writes');
  });

  it('that fits goes before one that is cheaper and does not', () => {
    const small = {
      cheap: card({ ...costing(1), contextWindow: 1_000 }),
      dear: card({ ...costing(10), contextWindow: 100_000 }),
    };
    const targets = [target('dear'), target('cheap')];
    expect(plan(targets, choice({ balance: 'cheapest' }), small).models[0]).toBe('cheap');
    expect(plan(targets, choice({ balance: 'cheapest' }), small, long(40_000)).models).toEqual(['dear']);
  });
});

describe('a request that does not fit', () => {
  const cards = {
    small: card({ contextWindow: 1_000, inputs: ['text'], capabilities: [] }),
    large: card({ contextWindow: 100_000, inputs: ['text', 'image'], capabilities: ['tools', 'jsonSchema'] }),
  };
  const image = { kind: 'image', source: { kind: 'url', url: 'https://a/b.png' }, detail: null, cache: null } as const;

  it.each([
    ['by its length', long(40_000)],
    ['by the answer that it leaves room for', chat({ maxTokens: 2_000 })],
    ['by an image', chat({ messages: [message('user', image)] })],
    ['by its tools', chat({ tools: [tool('weather')] })],
    [
      'by its schema',
      chat({ answerFormat: { kind: 'schema', name: 'a', description: null, schema: {}, strict: null } }),
    ],
  ])('%s passes over the model that is known to be too small', (_why, asked) => {
    expect(plan([target('small'), target('large')], choice(), cards, asked)).toEqual({ models: ['large'], met: [] });
    expect(plan([target('small'), target('large')], choice({ fits: false }), cards, asked).models).toHaveLength(2);
    expect(plan([target('small'), target('large')], null, cards, asked).models).toHaveLength(2);
  });

  it('goes to the fallback for it at once, as if it had been refused', () => {
    const larger = [target('small'), target('small', ['timeout']), target('large', ['contextExceeded'])];
    expect(plan(larger, choice(), cards, long(40_000))).toEqual({ models: ['large'], met: ['contextExceeded'] });
    expect(plan(larger, choice(), cards)).toEqual({ models: ['small', 'small', 'large'], met: [] });
  });

  it('is asked all the same where nothing else is left: what is known may be wrong', () => {
    const others = [target('small'), target('large', ['timeout'])];
    expect(plan(others, choice(), cards, long(40_000))).toEqual({ models: ['small', 'large'], met: [] });
    expect(plan([target('small')], choice(), cards, long(40_000)).models).toEqual(['small']);
  });
});

it('a plan has somebody to ask, in no other order than that of the chain, and asks nobody twice', () => {
  const anyCard = fc.record({ window: fc.constantFrom(null, 10, 1_000), price: fc.constantFrom(null, 1, 2) });
  const anyTarget = fc.record({
    card: anyCard,
    when: fc.constantFrom(null, ['contextExceeded' as const], ['timeout' as const]),
  });
  const anyChoice = fc.record({
    balance: fc.constantFrom('weighted' as const, 'cheapest' as const, 'fastest' as const),
    fits: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(anyTarget, { size: 'max', maxLength: 8 }),
      anyChoice,
      fc.nat(10_000),
      (specs, chosen, characters) => {
        const targets = [target('first'), ...specs.map(({ when }, index) => target(String(index), when))];
        const cards = Object.fromEntries(
          specs.map(({ card: { window, price } }, index) => [
            String(index),
            card({ contextWindow: window, ...(price === null ? {} : costing(price)) }),
          ]),
        );
        const { models, met } = plan(
          targets,
          choice(chosen),
          { first: card({ contextWindow: 10 }), ...cards },
          long(characters),
        );
        expect(new Set(models).size).toBe(models.length);
        const byModel = new Map(targets.map((each) => [each.model, each]));
        const whens = models.map((model) => byModel.get(model)?.when ?? null);
        // Those without a condition come first, the others as they stand.
        expect([...whens].sort((one, other) => Number(one !== null) - Number(other !== null))).toEqual(whens);
        const later = models.filter((model) => byModel.get(model)?.when !== null).map(Number);
        expect([...later].sort((one, other) => one - other)).toEqual(later);
        expect(whens.some((when) => when === null || when.some((one) => met.includes(one)))).toBe(true);
      },
    ),
  );
});

describe('fastest', () => {
  it('comes first by what streams have shown', () => {
    const speeds = new Speeds();
    speeds.firstToken('p/slow', 3_000, 0);
    speeds.firstToken('p/fast', 300, 0);
    const targets = [target('slow'), target('fast'), target('later', ['timeout'])];
    expect(plan(targets, choice({ balance: 'fastest' }), {}, chat(), speeds).models).toEqual(['fast', 'slow', 'later']);
  });
});
