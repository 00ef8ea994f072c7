// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of designs, not templates
/** Models and prompts that teams have of their own: what nodes get of them, and what is not for teams. */
import type { AiSpaceSpec } from '@weir/proto/snapshot/ai.js';
import type { RouteSpec, Snapshot } from '@weir/proto/snapshot/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Design, Service } from '../../model/entities.js';
import { loadText } from '../load-config.js';
import { namesOf } from './merge-managed.js';
import { ManagedProjection } from './projection.js';
import { emptyDesign, FakeSource, serviceOf } from './testing/fake-source.js';

const weirYaml = `
ai:
  providers: { openai: { keys: "\${OPENAI}" } }
  models: { house: openai/gpt-5 }
  guards: { clean: { pii: true } }
  prompts: { hello: { model: house, messages: Hello } }
routes: [{ id: own, match: /v1/*, ai: { guards: clean } }]
`;

const models = { providers: { mine: '${secret:KEY}' }, models: { smart: 'mine/big' } };
const openai = { ...models, providers: { mine: { kind: 'openai', keys: '${secret:KEY}' } } };
const chat = [{ id: 'models', match: '/*', ai: true }];

function world(...services: readonly (readonly [Service, ...Partial<Design>[]])[]): FakeSource {
  const source = new FakeSource();
  source.put('team', { id: 'red', name: 'Red', description: '', members: {} });
  for (const name of ['red/KEY', 'blue/KEY'])
    source.put('secret', { id: name, teamId: name.split('/')[0] ?? '', name: 'KEY', sealed: 'v1.a.b.c' });
  for (const [service, ...designs] of services) {
    source.put('service', service);
    for (const [i, design] of designs.entries()) source.release(service.id, i + 1, { ...emptyDesign, ...design });
  }
  return source;
}

function compiled(source: FakeSource, yaml = weirYaml, projection = new ManagedProjection(source)) {
  const loaded = loadText(yaml, {
    ...{ environment: { OPENAI: 'sk-of-the-operator' }, version: 1, createdWallMs: 1 },
    managed: (config) => projection.project(0, namesOf(config)),
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const told = loaded.warnings
    .filter(({ path }) => path.startsWith('services'))
    .map(({ path, message }) => `${path}: ${message}`);
  return { snapshot: loaded.snapshot, told, secrets: loaded.secrets };
}

const ai = (id: string, more: Partial<Service> = {}): Service => serviceOf(id, { kind: 'ai', ...more });
const routeOf = ({ routes }: Snapshot, id: string): RouteSpec | undefined => routes.find((route) => route.id === id);
const spaceOf = ({ ai: spec }: Snapshot, id: string): AiSpaceSpec | undefined =>
  spec?.spaces?.find((space) => space.id === id);
const faultsOf = (design: Partial<Design>): string => compiled(world([ai('desk'), design])).told.join('\n');

describe('an AI service of a team', () => {
  it('has providers beside the operator’s, with keys that are its secrets, and names that are its own', () => {
    const { snapshot, told, secrets } = compiled(world([ai('desk'), { ai: openai, routes: chat }]));
    expect(told).toEqual([]);
    expect(secrets).toEqual(['red/KEY']);
    expect(snapshot.ai?.providers.map(({ id, upstream, isManaged = false }) => [id, upstream, isManaged])).toEqual([
      ['openai', 'ai-openai', false],
      ['desk.mine', 'desk.ai-mine', true],
    ]);
    expect(snapshot.ai?.providers[1]?.keys).toEqual([{ id: 'secret:red/KEY', secret: '${secret:red/KEY}', weight: 1 }]);
    expect(snapshot.upstreams.map(({ id }) => id)).toEqual(['ai-openai', 'desk.ai-mine']);
    expect(snapshot.ai?.models.map(({ id }) => id)).toEqual(['house']);
    expect(spaceOf(snapshot, 'desk@1')).toMatchObject({
      providers: { mine: 'desk.mine' },
      models: [{ id: 'smart', label: 'desk/smart', targets: [{ provider: 'desk.mine', model: 'big' }] }],
      uses: [],
    });
    const action = routeOf(snapshot, 'desk@1/models')?.action;
    expect(action).toMatchObject({ kind: 'ai', models: ['smart'], prompts: [], space: 'desk@1' });
    // The operator's own route is in no space, and knows no more than before.
    expect(routeOf(snapshot, 'own')?.action).not.toHaveProperty('space');
  });

  it('offers what it names: its own, the operator’s, and single models of its providers', () => {
    const routes = [
      { id: 'models', match: '/*', ai: { models: ['smart', 'house', 'mine/small'], guards: ['clean', 'own'] } },
    ];
    const design = { ai: { ...openai, guards: { own: { deny: ['foo'] } } }, routes };
    const { snapshot, told } = compiled(world([ai('desk'), design]));
    expect(told).toEqual([]);
    const space = spaceOf(snapshot, 'desk@1');
    expect(space?.models.map(({ id, label }) => [id, label])).toEqual([
      ['smart', 'desk/smart'],
      ['mine/small', 'desk/mine/small'],
    ]);
    expect(space?.uses).toEqual(['house']);
    expect(space?.guards.map(({ id }) => id)).toEqual(['own']);
  });

  it('has one provider for releases that mean the same by it, and another where one means something else', () => {
    const live = [1, 2, 3].map((release) => ({ release, share: release === 3 ? 34 : 33, name: '' }));
    const other = {
      ...openai,
      providers: { mine: { kind: 'openai', keys: '${secret:KEY}', settings: {}, concurrency: 5 } },
    };
    const designs = [openai, openai, other].map((one) => ({ ai: one, routes: chat }));
    const { snapshot } = compiled(world([ai('desk', { live, lastRelease: 3 }), ...designs]));
    expect(snapshot.ai?.providers.map(({ id }) => id)).toEqual(['openai', 'desk.mine', 'desk@3.mine']);
    expect(snapshot.ai?.spaces?.map(({ id, providers }) => [id, providers['mine']])).toEqual([
      ['desk@1', 'desk.mine'],
      ['desk@2', 'desk.mine'],
      ['desk@3', 'desk@3.mine'],
    ]);
  });

  it('needs no models of the operator’s, and no AI in weir.yaml at all', () => {
    const { snapshot } = compiled(
      world([ai('desk'), { ai: openai, routes: chat }]),
      'routes: [{ match: /ping, respond: 200 }]',
    );
    expect(snapshot.ai?.providers.map(({ id }) => id)).toEqual(['desk.mine']);
  });

  it('bounds tokens and money by plan, for each application, over all of its routes', () => {
    const limits = ['5/s', { tokens: '1000/minute' }, { cost: '2/day', by: 'team' }, { requests: '9/day' }];
    const plans: Service['plans'] = [{ id: 'gold', name: '', limits, approval: 'auto' }];
    const { snapshot, told } = compiled(world([ai('desk', { access: 'key', plans }), { ai: openai, routes: chat }]));
    expect(told).toEqual([]);
    const route = routeOf(snapshot, 'desk@1/models');
    expect(route?.limits).toMatchObject([{ kind: 'rate', consumers: ['@desk.gold'] }]);
    expect(route?.auth).toMatchObject([
      { in: ['bearer', { header: 'x-api-key' }], consumers: ['@desk.gold'] },
      { kind: 'consumerJwt', consumers: ['@desk.gold'] },
    ]);
    const reach = { consumers: ['@desk.gold'], scope: 'desk.gold' };
    expect(route?.action).toMatchObject({
      limits: [
        { unit: 'tokens', amount: 1000, period: 'minute', by: ['consumer'], ...reach },
        { unit: 'cost', amount: 2_000_000, period: 'day', by: ['team'], ...reach },
        { unit: 'requests', amount: 9, by: ['consumer'], ...reach },
      ],
    });
  });

  it('gives way to a provider or an upstream of weir.yaml that has its name', () => {
    const source = world([ai('desk'), { ai: openai, routes: chat }]);
    for (const taken of [
      'ai: { providers: { desk.mine: { kind: ollama } } }',
      'upstreams: [{ id: desk.ai-mine, targets: "http://127.0.0.1:1" }]',
    ])
      expect(compiled(source, `${taken}\nroutes: [{ match: /v1/*, respond: 200 }]`).told.join()).toContain(
        'so the service is not served',
      );
  });
});

describe('a prompt service of a team', () => {
  const prompt = {
    model: 'house',
    variables: { text: 'string', to: { type: 'enum', values: ['fr', 'de'], default: 'fr' } },
    messages: [{ system: 'Into {{to}}, for ${HOME} and $$.' }, { user: '{{text}}' }],
    output: {
      schema: { type: 'object', properties: { text: { $ref: '#/$defs/t' } }, $defs: { t: { type: 'string' } } },
    },
  };
  const routes = [{ id: 'prompts', match: '/*', ai: { promptsOnly: true } }];

  it('is a version by its release, asks a model of the operator’s, and has its output held with each step counted', () => {
    const { snapshot, told } = compiled(
      world([serviceOf('say', { kind: 'prompt' }), { ai: { prompts: { say: prompt } }, routes }]),
    );
    expect(told).toEqual([]);
    const space = spaceOf(snapshot, 'say@1');
    expect(space).toMatchObject({ uses: ['house'], models: [], providers: {} });
    expect(space?.prompts).toMatchObject([
      { id: 'say', versions: [{ id: '1', weight: 1, model: 'house', output: { isCounted: true, repair: 'text' } }] },
    ]);
    // Words of a prompt are nobody's references.
    expect(space?.prompts[0]?.versions[0]?.messages[0]?.pieces.map(({ text }) => text).join('')).toContain(
      '${HOME} and $$.',
    );
    expect(routeOf(snapshot, 'say@1/prompts')?.action).toMatchObject({
      isPromptsOnly: true,
      prompts: ['say'],
      models: [],
    });
  });

  it('asks a model of another service of its team by both their names, and follows what becomes of it', () => {
    const asking = { ai: { prompts: { say: { ...prompt, model: 'desk/smart' } } }, routes };
    const source = world([serviceOf('say', { kind: 'prompt' }), asking]);
    const projection = new ManagedProjection(source);
    const look = () => compiled(source, weirYaml, projection);
    expect(look().told.join()).toContain('there is no model desk/smart that this service may ask');
    const note = (change: ReturnType<FakeSource['put']>) =>
      projection.note({ number: source.number, changes: [change] });
    note(source.put('service', ai('desk')));
    note(source.release('desk', 1, { ...emptyDesign, ai: openai, routes: chat }));
    expect(look().told).toEqual([]);
    expect(spaceOf(look().snapshot, 'say@1')?.models).toMatchObject([
      { id: 'desk/smart', label: 'desk/smart', targets: [{ provider: 'desk.mine', model: 'big' }] },
    ]);
    note(source.put('service', ai('desk', { stage: 'retired', live: [] })));
    expect(look().told.join()).toContain('there is no model desk/smart');
    note(source.put('service', ai('desk', { teamId: 'blue' })));
    expect(look().told.join()).toContain('there is no model desk/smart');
  });
});

describe('what is not for teams', () => {
  it.each<[string, Partial<Design>, string]>([
    [
      'keys of the operator’s',
      { ai: { providers: { openai: '${OPENAI}' } }, routes: chat },
      'is none of the team’s secrets',
    ],
    ['keys that stand there', { ai: { providers: { openai: 'sk-123' } }, routes: chat }, 'stands in the file itself'],
    [
      'secrets of others',
      { ai: { providers: { openai: '${secret:blue/KEY}' } }, routes: chat },
      'is none of the team’s secrets',
    ],
    [
      'secrets outside of keys',
      { ai: { providers: { openai: { keys: '${secret:KEY}', settings: { a: '${secret:KEY}' } } } }, routes: chat },
      'a secret can’t stand here',
    ],
    [
      'models of the operator’s providers',
      { ai: { ...openai, models: { smart: 'openai/gpt-5' } }, routes: chat },
      'there is no provider "openai"',
    ],
    [
      'the same behind a prompt',
      { ai: { prompts: { a: { model: 'openai/gpt-5', messages: 'x' } } }, routes: chat },
      'there is no model openai/gpt-5',
    ],
    [
      'the same on a route',
      { ai: openai, routes: [{ match: '/*', ai: { models: ['openai/gpt-5'] } }] },
      'there is no model openai/gpt-5',
    ],
    [
      'prompts of the operator’s beside its own',
      { ai: openai, routes: [{ match: '/*', ai: { prompts: ['hello'] } }] },
      'has no prompt hello',
    ],
    [
      'prices of others',
      { ai: { ...openai, prices: { 'openai/gpt-5': { input: 0, output: 0 } } }, routes: chat },
      'there is no provider openai in this design',
    ],
    [
      'budgets of all',
      { ai: { ...openai, limits: { cost: '1/day' } }, routes: chat },
      'ai.limits: teams can’t write this',
    ],
    [
      'webhooks',
      { ai: { ...openai, guards: { a: { webhook: { upstream: 'x' } } } }, routes: chat },
      'ai.guards.a.webhook: teams can’t',
    ],
    [
      'files',
      { ai: { providers: { mine: { kind: 'openai', tls: { caFile: '/etc/passwd' } } } }, routes: chat },
      'tls.caFile: teams can’t',
    ],
    ['pools', { ai: { providers: [{ id: 'openai', pool: {} }] }, routes: chat }, 'ai.providers[0].pool: teams can’t'],
    [
      'versions within a release',
      { ai: { prompts: { a: { versions: { b: {} } } } }, routes: chat },
      'ai.prompts.a.versions: teams can’t',
    ],
    [
      'addresses of the machine',
      { ai: { providers: { mine: { url: 'http://169.254.169.254/v1' } } }, routes: chat },
      'an address of the machine itself',
    ],
    [
      'the same by a setting',
      { ai: { providers: { a: { kind: 'azure-openai', settings: { resource: '169.254.169.254/#' } } } }, routes: chat },
      'services.desk',
    ],
    [
      'the API of a provider as it is',
      { ai: openai, routes: [{ match: '/*', ai: { passthrough: 'mine' } }] },
      'passthrough: teams can’t',
    ],
    ['tools', { ai: openai, routes: [{ match: '/*', mcp: true }] }, 'mcp: teams can’t'],
    [
      'answers without a bound',
      { ai: openai, routes: [{ match: '/*', ai: { answerCharsMax: 9_000_000 } }] },
      'more than 8000000',
    ],
    [
      'schemas that lead elsewhere',
      {
        ai: { prompts: { a: { model: 'house', messages: 'x', output: { schema: { $ref: 'http://127.0.0.1/x' } } } } },
        routes: chat,
      },
      'lies outside of this document',
    ],
    [
      'schemas that are made of themselves',
      {
        ai: {
          prompts: {
            a: {
              model: 'house',
              messages: 'x',
              output: { schema: { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } } },
            },
          },
        },
        routes: chat,
      },
      'ai.prompts.a.output.schema',
    ],
    [
      'more than there may be',
      {
        ai: { providers: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`p${i}`, { kind: 'ollama' }])) },
        routes: chat,
      },
      'there are 21 of them, and 20 at most',
    ],
    [
      'variables that nobody declares',
      { ai: { prompts: { a: { model: 'house', messages: '{{x}}' } } }, routes: chat },
      'there is no variable "x"',
    ],
  ])('%s', (_, design, fault) => {
    expect(faultsOf(design)).toContain(fault);
  });

  it('whatever a design says of AI, keys of the operator’s and of other teams are not in what is made of it', () => {
    const reference = fc.constantFrom(
      '${OPENAI}',
      '${secret:blue/KEY}',
      '${secret:KEY}',
      '$${OPENAI}',
      '${secret:../blue/KEY}',
    );
    const word = fc.constantFrom(
      'keys',
      'key',
      'url',
      'settings',
      'providers',
      'models',
      'prompts',
      'guards',
      'openai',
      'mine',
      'id',
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        reference,
        fc.dictionary(word, tie('value')),
        fc.array(tie('value'), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(word, value), (written) => {
        const { snapshot } = compiled(world([ai('desk'), { ai: { ...openai, ...written }, routes: chat }]));
        const text = JSON.stringify([
          snapshot.ai?.spaces ?? [],
          snapshot.ai?.providers.filter(({ isManaged }) => isManaged),
        ]);
        const keys = [...text.matchAll(/"secret":"([^"]*)"/g)].map(([, secret = '']) => secret);
        expect(keys.every((secret) => !secret.includes('OPENAI') && !secret.includes('blue'))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
