import { expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

function findings(named: string, route = 'ai: true'): string[] {
  const text = `gateway: { listen: 127.0.0.1:8080 }
ai: { providers: [ollama], models: { smart: ollama/big }, ${named} }
upstreams: [{ id: api, targets: http://127.0.0.1:9001 }, { id: judge, targets: http://127.0.0.1:9002 }]
routes: [{ match: /v1/*, ${route} }, { match: /*, upstream: api }]`;
  const checked = checkConfig(text, {}, (key) => `hash:${key}`);
  const faults = checked.ok ? checked.warnings : checked.faults;
  return faults
    .map(({ severity, path, message, cure }) => `${severity} ${path}: ${message} (${cure ?? ''})`)
    .filter((finding) => !finding.includes('upstream judge'));
}

const ofPrompt = (prompt: string) => findings(`prompts: { p: ${prompt} }`);
const ofGuard = (guard: string) => findings(`guards: { g: ${guard} }`, 'ai: { guards: g }');

it.each([
  ['{ model: smart, messages: "{{a}}", variables: { a: string } }', []],
  [
    '{ model: smart, messages: "x", variables: { a: string } }',
    ['warning ai.prompts.p.variables.a: no message reads the variable a'],
  ],
  [
    '{ model: smart, variables: { a: string, b: string }, versions: { "1": { messages: "{{a}}" }, "2": { messages: "{{b}}" } } }',
    [],
  ],
  [
    '{ model: smart, messages: x, versions: { v1: { variables: { a: string } }, v2: {} } }',
    ['warning ai.prompts.p.versions.v1.variables.a: no message reads'],
  ],
  ['{ model: smart, messages: "{{#a}}yes{{/a}}", variables: { a: boolean } }', []],
  [
    '{ model: smart, messages: x, output: { schema: { type: objekt } } }',
    ['error ai.prompts.p.output.schema: this is no JSON Schema: '],
  ],
  [
    '{ model: smart, messages: x, output: { schema: { typ: object } } }',
    ['error ai.prompts.p.output.schema: this is no JSON Schema: strict mode: unknown keyword: "typ"'],
  ],
  [
    '{ model: smart, messages: x, output: { schema: { type: string, pattern: "(?=a)b" } } }',
    ['error ai.prompts.p.output.schema: this is no JSON Schema: (?=a)b is no pattern of RE2'],
  ],
  ['{ model: smart, messages: x, output: { schema: { type: string, format: date } } }', []],
  ['{ model: smart, messages: [{ system: x }] }', ['warning ai.prompts.p.messages: the model is asked nothing']],
  [
    '{ model: smart, messages: x, versions: { a: { weight: 1 }, b: { weight: 1, output: { schema: { type: array } } } } }',
    ['warning ai.prompts.p.versions.b: a and b share the requests, and differ in variables or output'],
  ],
])('the prompt %s', (prompt, wanted) => {
  expect(ofPrompt(prompt)).toEqual(wanted.map((finding) => expect.stringContaining(finding)));
});

it.each([
  ['{ pii: true }', []],
  ['{ patterns: { name: a, pattern: "E-[0-9]{4,6}" } }', []],
  [
    '{ patterns: { name: a, pattern: "(a)\\\\1" } }',
    ['error ai.guards.g.patterns[0].pattern: this is no pattern of RE2'],
  ],
  [
    '{ patterns: { name: a, pattern: "[ab]*a[ab]{400}" } }',
    ['error ai.guards.g.patterns[0].pattern: the pattern is too large'],
  ],
])('the guard %s', (guard, wanted) => {
  expect(ofGuard(guard)).toEqual(wanted.map((finding) => expect.stringContaining(finding)));
});

it('a guard that no route has looks at nothing', () => {
  expect(findings('guards: { g: { pii: true } }')).toEqual([
    'warning ai.guards.g: no route has the guard g (add it to `ai.guards` of a route)',
  ]);
});

it('an upstream that only a guard asks is in use', () => {
  const hook = (upstream: string) =>
    findings(`guards: { g: { webhook: { upstream: ${upstream} } } }`, 'ai: { guards: g }');
  expect(hook('judge')).toEqual([]);
  expect(hook('juge')).toEqual([expect.stringContaining('did you mean judge?')]);
});
