import { parseConfig } from '@weir/proto/config/parse.js';
import { expect, it } from 'vitest';
import type { Service } from '../../model/entities.js';
import { checkDraft } from './check-draft.js';
import { composeService, type ManagedWorld, type Served } from './compose-service.js';
import { yamlOfService } from './service-yaml.js';
import { designOf, serviceOf } from './testing/fake-source.js';

const world: ManagedWorld = {
  ...{ models: new Set(), prompts: new Set(), guards: new Set() },
  aiOf: () => null,
  hasSecret: () => true,
};

it('tells every fault of a draft with its place in it', () => {
  const design = designOf({
    upstreams: [{ id: 'app', targets: 'http://127.0.0.1:9000', pool: {} }],
    routes: [{ match: 'orders' }, { match: '/*', upstraem: 'app' }],
  });
  const { ok, faults, yaml } = checkDraft(serviceOf('shop'), design, '', world);
  expect(ok).toBe(false);
  expect(yaml).toBe('');
  expect(faults.map(({ path, cure }) => [path, cure !== ''])).toEqual([
    ['upstreams[0].pool', true],
    ['routes[0].match', true],
    ['routes[1].upstraem', true],
  ]);
  expect(faults[2]?.cure).toContain('did you mean upstream?');
});

it('warns of what does nothing, and takes it all the same', () => {
  const upstreams = [
    { id: 'app', targets: ['http://127.0.0.1:9000'] },
    { id: 'spare', targets: ['http://127.0.0.1:9001'] },
  ];
  const checked = checkDraft(
    serviceOf('shop'),
    designOf({ upstreams, routes: [{ match: '/*', upstream: 'app' }] }),
    '',
    world,
  );
  expect(checked.ok).toBe(true);
  expect(checked.faults.map(({ severity, path }) => [severity, path])).toEqual([['warning', 'upstreams[1]']]);
  expect(checked.routes).toEqual(['shop@2/all']);
});

it('shows the lines of weir.yaml that stand for it: read as such, they come to the same', () => {
  const deprecation = { sinceWallMs: 1_000, sunsetWallMs: 5_000, link: '/docs' };
  const service = serviceOf('shop', {
    ...{ access: 'key', versioning: { by: 'header', header: 'x-version' }, hosts: ['api.example.com'], deprecation },
    plans: [{ id: 'gold', name: '', limits: ['5/s', { concurrent: 2 }], approval: 'auto' }],
  });
  const design = designOf({
    routes: [
      {
        id: 'one',
        match: { path: '/orders/{id}', methods: 'GET', headers: { 'x-a': 'b' } },
        limits: '9/s',
        cors: true,
      },
      { id: 'rest', match: '/*', rewrite: { replacePrefix: { from: '/a', with: '/b' } }, fallback: [{ respond: 503 }] },
      { id: 'answer', match: '/ping', respond: { body: 'pong' }, headers: { response: { set: { 'x-b': 'c' } } } },
    ],
  });
  const served: readonly Served[] = [
    { release: 1, share: 60, name: 'v1', design },
    { release: 2, share: 40, name: 'v1', design },
    { release: 3, share: 100, name: 'v2', design },
  ];
  const composed = composeService(service, served, world);
  expect(composed.findings).toEqual([]);
  const yaml = yamlOfService(service, served, composed);
  // Ids with @ and / are of the registry alone.
  const consumers = 'consumers: [{ id: web, groups: shop.gold }]\n';
  const { config, faults } = parseConfig(yaml.replace(/id: shop@(\d)\/(\w+)/g, 'id: r$1-$2') + consumers, {});
  expect(faults).toEqual([]);
  const renamed = composed.routes.map((route) => ({ ...route, id: route.id.replace(/shop@(\d)\/(\w+)/, 'r$1-$2') }));
  expect(config?.routes).toEqual(renamed);
  expect(config?.upstreams).toEqual(composed.upstreams);
});

it('shows models of its own and budgets of its plans as weir.yaml has them', () => {
  const limits = ['5/s', { tokens: '1000/day' }, { cost: '2/day', by: 'team' }];
  const plans: Service['plans'] = [{ id: 'gold', name: '', limits, approval: 'auto' }];
  const service = serviceOf('desk', { kind: 'ai', access: 'key', plans });
  const design = designOf({
    upstreams: [],
    ai: { providers: { openai: `\${secret:KEY}` }, models: { smart: 'openai/gpt-5' } },
    routes: [{ id: 'models', match: '/*', ai: { models: ['smart'] } }],
  });
  const served: readonly Served[] = [{ release: 1, share: 100, name: '', design }];
  const composed = composeService(service, served, world);
  expect(composed.findings).toEqual([]);
  const yaml = yamlOfService(service, served, composed).replace('id: desk@1/models', 'id: models');
  const consumers = 'consumers: [{ id: web, team: red, groups: desk.gold }]\n';
  const { config, faults } = parseConfig(yaml.replace('secret:KEY', 'KEY') + consumers, { KEY: 'sk-1' });
  expect(faults).toEqual([]);
  const [route] = composed.routes;
  expect(config?.routes[0]?.ai?.limits).toEqual(route?.ai?.limits);
  expect(config?.routes[0]?.limits).toEqual(route?.limits);
  expect(config?.ai?.models.map(({ id }) => id)).toEqual(['smart']);
});
