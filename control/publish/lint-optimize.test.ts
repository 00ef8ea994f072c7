// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the references of config files, not templates
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

const check = (optimize: string, route = 'upstream: shop, cache: true') => {
  const text = `
upstreams: [{ id: shop, targets: "http://127.0.0.1:9001" }]
routes:
  - { id: plain, match: /plain/*, upstream: shop }
  - { id: r, match: /items, optimize: { ${optimize} }, ${route} }`;
  const checked = checkConfig(text, { SECRET: 'secret-0123456789' }, (key) => key);
  return (checked.ok ? checked.warnings : checked.faults).map(({ path, message }) => `${path}: ${message}`);
};

describe('lists', () => {
  it.each([
    'list: true',
    'list: { at: data.items, wrap: true, limit: 10, max: 1000, upTo: 16MiB }',
    'list: { wrap: { items: rows, next: after }, secret: "${SECRET}" }',
    'list: { upstream: { pages: { max: 20 } } }',
    'list: { upstream: { pages: { page: p, size: n, first: 0, max: 100 } }, limit: 100 }',
    'list: { upstream: { offset: { max: 100 } }, max: 100 }',
    'list: { upstream: { cursor: { next: meta.next, limit: n } } }',
    'list: true, fields: true',
  ])('%s is sound', (optimize) => {
    expect(check(optimize)).toEqual([]);
  });

  it.each([
    ['list: { at: "a..b" }', 'is no path of members'],
    ['list: { limit: 0 }', 'must be from 1 to 1000'],
    ['list: { limit: 300 }', 'pages of 300 are longer than 200'],
    ['list: { limit: 30, upstream: { pages: { max: 20 } } }', 'pages of 30 are longer than 20'],
    ['list: { max: 30, upstream: { offset: { max: 20 } } }', 'longer than what the upstream gives at once, 20'],
    ['list: { upstream: { offset: {} } }', 'is missing'],
    ['list: { upstream: {} }', '0 ways to page'],
    ['list: { upstream: { offset: { max: 9 }, cursor: { next: n } } }', '2 ways to page'],
    ['list: { upstream: { pages: { page: a, size: a, max: 9 } } }', 'are called `a`'],
    ['list: { parameters: { limit: a, cursor: a } }', 'the two parameters have one name'],
    ['list: { wrap: { items: a, next: a } }', 'the two members have one name'],
    ['list: { parameters: { cursor: fields } }, fields: true', '`fields` names fields as well'],
    ['list: { secret: abc }', 'stands in the file itself'],
  ])('%s is not: %s', (optimize, message) => {
    expect(check(optimize).join('\n')).toContain(message);
  });

  it.each([
    ['upstream: shop', 'each page asks the upstream for the whole list'],
    ['match: { path: /items, methods: [POST] }, upstream: shop, cache: true', 'pages are read by GET'],
    ['redirect: /other', 'no list of an upstream'],
    ['batch: { routes: [plain] }', 'no list of an upstream'],
  ])('of a route with %s are told: %s', (route, message) => {
    const own = route.startsWith('match') ? route : `match: /items, ${route}`;
    const text = `
upstreams: [{ id: shop, targets: "http://127.0.0.1:9001" }]
routes:
  - { id: plain, match: /plain/*, upstream: shop }
  - { id: r, optimize: { list: true }, ${own} }`;
    const checked = checkConfig(text, {}, (key) => key);
    const told = (checked.ok ? checked.warnings : checked.faults).map((one) => one.message);
    expect(told.join('\n')).toContain(message);
  });

  it('of a route that answers by itself, or of an upstream that pages, need no cache', () => {
    expect(check('list: { upstream: { offset: { max: 9 } } }', 'upstream: shop')).toEqual([]);
    expect(
      check('list: true', 'respond: { status: 200, body: "[]", headers: { content-type: application/json } }'),
    ).toEqual([]);
  });
});

it('more compressed answers than a node keeps are told', () => {
  expect(check('compress: { keep: 1GiB }').join()).toContain('a node keeps 64MiB of compressed answers');
  expect(check('compress: { keep: 64MiB }')).toEqual([]);
});
