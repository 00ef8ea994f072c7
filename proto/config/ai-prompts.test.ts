// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse.js';

const parsed = (prompts: string, more = '') =>
  parseConfig(
    `ai: { providers: [ollama], models: { smart: ollama/big }, prompts: ${prompts} ${more} }\nroutes: [{ match: /v1/*, ai: true }]`,
    {},
  );
const faultsOf = (prompts: string, more = '') =>
  parsed(prompts, more).faults.map((fault) => `${fault.path}: ${fault.message} | ${fault.cure}`);
const promptsOf = (prompts: string) => {
  const { config, faults } = parsed(prompts);
  return config?.ai?.prompts ?? faults;
};

describe('prompts', () => {
  it('the least is a model and a text, which is one message of the user in one version', () => {
    expect(promptsOf('{ hi: { model: smart, messages: "Hi" } }')).toMatchObject([
      {
        id: 'hi',
        versions: [{ id: '1', weight: 1, model: 'smart', messages: [{ role: 'user', pieces: [{ text: 'Hi' }] }] }],
      },
    ]);
  });

  it('a version says what differs, and the last one answers where none has a weight', () => {
    const text = `{ hi: { model: smart, variables: { to: string }, messages: "Hi {{to}}",
      versions: { a: {}, b: { model: ollama/small, messages: [{ system: "Short." }, { user: "{{to}}" }] } } } }`;
    expect(promptsOf(text)).toMatchObject([
      {
        versions: [
          { id: 'a', weight: 0, model: 'smart', place: ['versions', 'a'] },
          { id: 'b', weight: 1, model: 'ollama/small', messages: [{ role: 'system' }, { role: 'user' }] },
        ],
      },
    ]);
  });

  it('a variable is a type, or its settings, and is required unless it has a default', () => {
    const text = `{ hi: { model: smart, messages: "{{a}}{{b}}{{c}}", variables: { a: integer,
      b: { type: enum, values: [x, y], default: y }, c: { type: list, required: false, separator: "; " } } } }`;
    expect(promptsOf(text)).toMatchObject([
      {
        versions: [
          {
            variables: [
              { name: 'a', type: 'integer', isRequired: true, default: null, minimum: null },
              { name: 'b', type: 'enum', values: ['x', 'y'], default: 'y', isRequired: false },
              { name: 'c', type: 'list', separator: '; ', isRequired: false },
            ],
          },
        ],
      },
    ]);
  });

  it.each([
    ['{ hi: { messages: "Hi" } }', 'ai.prompts.hi: it is not said with which `model` it asks'],
    ['{ hi: { model: smart } }', 'ai.prompts.hi: it is not said with which `messages` it asks'],
    ['{ hi: { model: smrt, messages: "Hi" } }', 'ai.prompts.hi.model: there is no model "smrt" | did you mean smart?'],
    [
      '{ hi: { model: olama/x, messages: "Hi" } }',
      'ai.prompts.hi.model: there is no provider "olama" | did you mean ollama?',
    ],
    [
      '{ hi: { model: smart, messages: "{{txt}}", variables: { text: string } } }',
      'ai.prompts.hi.messages: there is no variable "txt" | did you mean text?',
    ],
    [
      '{ hi: { model: smart, messages: "x", versions: { a: { messages: [{ user: "{{b}}" }] } } } }',
      'ai.prompts.hi.versions.a.messages[0].user: there is no variable "b"',
    ],
    ['{ hi: { model: smart, messages: "{{" } }', 'two braces begin a variable'],
    ['{ hi: { model: smart, messages: [{ user: a, system: b }] } }', 'only one of these can be stated at once'],
    ['{ hi: { model: smart, messages: x, variables: { a: { type: enum } } } }', 'variables.a: an enum has `values`'],
    [
      '{ hi: { model: smart, messages: x, variables: { a: { type: integer, default: 1.5 } } } }',
      'variables.a: its default is not a whole number',
    ],
    [
      '{ hi: { model: smart, messages: x, variables: { a: { type: number, minimum: 2, maximum: 1 } } } }',
      'no number is 2',
    ],
    ['{ hi: { model: smart, messages: x, variables: { "a b": string } } }', '"a b" cannot name a variable'],
    ['{ "a/b": { model: smart, messages: x } }', '"a/b" is not an id'],
    [
      '{ hi: { model: smart, messages: x, versions: { "1": { weight: 0 } } } }',
      'no version is left for those who name none',
    ],
  ])('%s', (text, fault) => {
    expect(faultsOf(text).join('\n')).toContain(fault);
  });

  it('a route offers some of them, by names that exist', () => {
    const { faults } = parseConfig(
      'ai: { providers: [ollama], prompts: { hi: { model: ollama/x, messages: Hi } }, guards: { words: { deny: no } } }\n' +
        'routes: [{ match: /v1/*, ai: { prompts: [hj], guards: wrds } }]',
      {},
    );
    expect(faults.map(({ path, message, cure }) => `${path}: ${message} | ${cure}`)).toEqual([
      'routes[0].ai.prompts[0]: there is no prompt "hj" | did you mean hi?',
      'routes[0].ai.guards: there is no guard "wrds" | did you mean words?',
    ]);
  });
});

describe('guards', () => {
  const guards = (text: string) => faultsOf('{}', `, guards: ${text}`).join('\n');

  it('have usual settings', () => {
    const { config } = parsed('{}', ', guards: { g: { pii: true, patterns: { name: e, pattern: "E-[0-9]+" } } }');
    expect(config?.ai?.guards).toMatchObject([
      {
        ...{ id: 'g', on: 'both', action: 'mask', restore: false },
        pii: ['email', 'phone', 'creditCard', 'iban', 'ip', 'secret'],
        patterns: [{ name: 'e', pattern: 'E-[0-9]+', maxLength: 64, spaces: false }],
      },
    ]);
  });

  it.each([
    ['{ g: {} }', 'ai.guards.g: this guard looks for nothing'],
    ['{ g: { pii: emails } }', 'did you mean email?'],
    ['{ g: { pii: true, action: refuse, restore: true } }', 'ai.guards.g.restore: nothing is masked'],
    ['{ g: { webhook: { upstream: gone } } }', 'ai.guards.g.webhook.upstream: there is no upstream "gone"'],
    ['{ g: { patterns: [{ name: a, pattern: b }, { name: a, pattern: c }] } }', 'the name "a" is taken'],
  ])('%s', (text, fault) => {
    expect(guards(text)).toContain(fault);
  });
});
