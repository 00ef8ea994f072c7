import { describe, expect, it } from 'vitest';
import type { Design } from '../model/entities.js';
import { emptyDesign, serviceOf } from '../publish/managed/testing/fake-source.js';
import { contractChanges } from './breaking.js';
import { exportedContract } from './export.js';
import { modelsDocument } from './models-document.js';
import { readContract } from './read.js';

const service = serviceOf('say', { kind: 'prompt' });
const routes = [{ id: 'prompts', match: '/*', ai: { promptsOnly: true } }];
const prompt = (more: object = {}) => ({
  model: 'house',
  variables: { text: { maxLength: 20 }, to: { type: 'enum', values: ['fr', 'de'], default: 'fr' } },
  messages: '{{text}} {{to}}',
  output: {
    schema: {
      type: 'object',
      required: ['text'],
      properties: { text: { $ref: '#/$defs/text' }, words: { type: 'integer' } },
      $defs: { text: { type: 'string' } },
    },
  },
  ...more,
});
const designOf = (prompts: Record<string, object>): Design => ({ ...emptyDesign, ai: { prompts }, routes });
const documentOf = (design: Design) => {
  const document = modelsDocument(service, design);
  if (document === null) throw new Error('it has one');
  const { contract, faults } = readContract(JSON.stringify(document));
  expect(faults.filter(({ severity }) => severity === 'error')).toEqual([]);
  if (contract === null) throw new Error('it can be read');
  return { document, contract };
};
const changes = (before: object, after: object) =>
  contractChanges(documentOf(designOf({ say: before })).contract, documentOf(designOf({ say: after })).contract).map(
    ({ severity, what }) => `${severity}: ${what}`,
  );

describe('the contract of a prompt service', () => {
  it('has an operation for each prompt, with its variables, its output, and a body that fits', () => {
    const { document, contract } = documentOf(designOf({ say: prompt(), ask: prompt({ output: undefined }) }));
    expect(contract.operations.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /prompts/say',
      'POST /prompts/ask',
    ]);
    const text = JSON.stringify(document);
    expect(text).toContain('#/components/schemas/say-of-text');
    expect(text).not.toContain('$defs');
    expect(contract.operations[0]?.body?.content[0]?.examples).toMatchObject([
      { value: { inputs: { text: 'text', to: 'fr' } } },
    ]);
  });

  it('is what callers see, with the ways in and the answers of the gateway', () => {
    const { document } = documentOf(designOf({ say: prompt() }));
    const gateway = { urls: [], keyPlaces: ['bearer', 'header:x-api-key'], version: '' };
    const shown = exportedContract({ ...service, access: 'key' }, designOf({ say: prompt() }), gateway, document);
    expect(readContract(JSON.stringify(shown)).contract?.operations).toHaveLength(1);
    expect(JSON.stringify(shown)).toContain('"GatewayProblem"');
  });

  it('tells what a release breaks for callers of the one before', () => {
    const { variables, output } = prompt();
    const { properties, $defs } = output.schema;
    expect(changes(prompt(), prompt())).toEqual([]);
    expect(changes(prompt(), prompt({ messages: 'Other words: {{text}} {{to}}', model: 'other' }))).toEqual([]);
    const grave = (after: object) => changes(prompt(), prompt(after)).filter((text) => !text.startsWith('fine'));
    expect(grave({ variables: { ...variables, tone: 'string' }, messages: '{{text}}{{to}}{{tone}}' })).not.toEqual([]);
    expect(grave({ variables: { ...variables, text: { maxLength: 10 } } })).not.toEqual([]);
    expect(grave({ variables: { ...variables, to: { type: 'enum', values: ['fr'], default: 'fr' } } })).not.toEqual([]);
    expect(grave({ output: { schema: { type: 'object', properties, $defs } } })).not.toEqual([]);
    expect(grave({ output: { schema: { ...output.schema, $defs: { text: { type: 'integer' } } } } })).not.toEqual([]);
    expect(grave({ output: undefined })).not.toEqual([]);
    // More may be given, and less asked for.
    expect(grave({ variables: { ...variables, text: { maxLength: 90, required: false } } })).toEqual([]);
    expect(grave({ output: { schema: { ...output.schema, required: ['text', 'words'] } } })).toEqual([]);
  });
});

describe('the contract of an AI service', () => {
  const ai = { providers: { mine: { kind: 'openai' } }, models: { smart: 'mine/big', fast: 'mine/small' } };
  const design = (models: object, more: object = {}): Design => ({
    ...{ ...emptyDesign, ai: { ...ai, models }, routes: [{ id: 'models', match: '/*', ai: true }] },
    ...more,
  });

  it('tells that a model is gone', () => {
    const told = contractChanges(
      documentOf(design(ai.models)).contract,
      documentOf(design({ smart: 'mine/big' })).contract,
    );
    expect(told.map(({ severity }) => severity)).toContain('breaking');
    expect(
      contractChanges(documentOf(design({ smart: 'mine/big' })).contract, documentOf(design(ai.models)).contract).map(
        ({ severity }) => severity,
      ),
    ).not.toContain('breaking');
  });

  it('is left to a document of its own, and to services without models', () => {
    expect(modelsDocument(service, design(ai.models, { contract: '{}' }))).toBeNull();
    expect(modelsDocument(service, { ...emptyDesign, routes: [{ match: '/*', respond: 200 }] })).toBeNull();
    expect(modelsDocument(service, { ...emptyDesign, routes: [{ match: '/*', ai: true }] })).toMatchObject({
      paths: {},
    });
  });
});
