// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of designs, not templates
import { providerFacts } from '@weir/proto/ai/providers.js';
import { describe, expect, it } from 'vitest';
import type { Service } from '../../../../model/entities.js';
import { checkDraft } from '../../../../publish/managed/check-draft.js';
import { serviceOf } from '../../../../publish/managed/testing/fake-source.js';
import {
  aiDesign,
  noAi,
  noPrompt,
  planOf,
  promptDesign,
  secretOf,
  secretsIn,
  settingsOf,
  variablesIn,
} from './models-draft.js';

const world = {
  ...{ models: new Set(['house']), prompts: new Set<string>(), guards: new Set<string>() },
  aiOf: () => null,
  hasSecret: () => true,
};
const faultsOf = (service: Service, design: Parameters<typeof checkDraft>[1]) =>
  checkDraft(service, design, '', world).faults.filter(({ severity }) => severity === 'error');

describe('the form of a new AI service', () => {
  it('comes to a design that can be served, for each kind of provider', () => {
    for (const { kind } of providerFacts) {
      const url = kind === 'compatible' ? 'https://llm.example.com/v1' : '';
      const settings = Object.fromEntries(settingsOf(kind, url).map(({ name }) => [name, 'abc']));
      const design = aiDesign({ kind, url, settings, secret: secretOf(kind), models: 'smart = big, small\ntiny' });
      expect([kind, faultsOf(serviceOf('desk', { kind: 'ai' }), design)]).toEqual([kind, []]);
      expect(secretsIn(design).length).toBe(providerFacts.find((one) => one.kind === kind)?.keyVariables.length ?? 0);
    }
  });

  it('takes names of models one a line, those behind a comma for when the first fails', () => {
    expect(aiDesign({ ...noAi, models: 'smart = gpt-5, gpt-5-mini\n\n gpt-5 \n' }).ai).toEqual({
      providers: { openai: { kind: 'openai', keys: '${secret:OPENAI_API_KEY}' } },
      models: { smart: { targets: 'openai/gpt-5', fallback: ['openai/gpt-5-mini'] }, 'gpt-5': 'openai/gpt-5' },
    });
  });

  it('may be over models of the gateway alone', () => {
    const design = aiDesign({ ...noAi, kind: '', models: 'house' });
    expect(design.ai).toBeUndefined();
    expect(faultsOf(serviceOf('desk', { kind: 'ai' }), design)).toEqual([]);
  });

  it('bounds what each application may spend', () => {
    const plans = [planOf('100000', '2.50')];
    expect(plans[0]?.limits).toEqual([{ tokens: '100000/day' }, { cost: '2.50/day' }]);
    expect(planOf(' ', '').limits).toEqual([]);
    const service = serviceOf('desk', { kind: 'ai', access: 'key', plans });
    expect(faultsOf(service, aiDesign({ ...noAi, models: 'gpt-5' }))).toEqual([]);
    expect(faultsOf(serviceOf('desk', { access: 'key', plans: [planOf('many', '')] }), aiDesign(noAi))).not.toEqual([]);
  });
});

describe('the form of a new prompt service', () => {
  const fields = {
    ...noPrompt,
    model: 'house',
    system: 'Into {{to}}.{{#hints}} Mind {{ hints }}.{{/hints}}',
    user: '{{text}} \\{{no}}',
  };

  it('finds the variables in the messages', () => {
    expect(variablesIn(fields)).toEqual(['to', 'hints', 'text']);
  });

  it('comes to a design that can be served', () => {
    const schema = '{"type":"object","properties":{"text":{"type":"string"}}}';
    const full = { ...fields, types: { hints: 'list' as const }, temperature: '0.2', maxTokens: '50', output: schema };
    const design = promptDesign('say', full);
    expect(faultsOf(serviceOf('say', { kind: 'prompt' }), design)).toEqual([]);
    expect(design.ai).toMatchObject({
      prompts: {
        say: {
          variables: { to: 'string', hints: 'list', text: 'string' },
          parameters: { temperature: 0.2, maxTokens: 50 },
          output: { schema: { type: 'object' } },
        },
      },
    });
  });

  it('has what can’t be meant told by control, with its place', () => {
    const paths = faultsOf(
      serviceOf('say', { kind: 'prompt' }),
      promptDesign('say', { ...fields, model: 'none', temperature: 'warm', output: '{' }),
    ).map(({ path }) => path);
    expect(paths).toEqual(['ai.prompts.say.parameters.temperature', 'ai.prompts.say.output.schema']);
  });
});
