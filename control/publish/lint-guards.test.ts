import { matchablePath } from '@weir/proto/http/request-path.js';
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

const UPSTREAMS = 'upstreams: [{ id: app, targets: http://a }, { id: other, targets: http://b }]\n';
const CONSUMERS = `consumers: [{ id: c, keys: [{ sha256: "${'0'.repeat(64)}" }] }]\n`;
const KEY = 'auth: [{ apiKey: {} }]';

function findings(...routes: string[]): { path: string; message: string; cure: string | null }[] {
  const text = `${UPSTREAMS}${CONSUMERS}routes:\n${routes.map((route) => `  - { ${route} }\n`).join('')}`;
  const checked = checkConfig(text, {}, (key) => key);
  const faults = checked.ok ? checked.warnings : checked.faults;
  // The second upstream is there for the cases that use it.
  return faults
    .filter(({ message }) => !message.includes('no route goes to'))
    .map(({ path, message, cure }) => ({ path, message, cure }));
}

describe('a guarded route beside an open one on the same upstream', () => {
  it('is told of the way around it, with the paths and the cure', () => {
    const [found, ...more] = findings(
      `id: admin, match: /admin/*, upstream: app, ${KEY}`,
      'id: all, match: /*, upstream: app',
    );
    expect(more).toEqual([]);
    expect(found?.path).toBe('routes[0].auth');
    expect(found?.message).toContain("through all around this route's auth: as /admin;x or /admin%2Fx");
    expect(found?.cure).toContain('give all the same `auth`, or an upstream of its own');
    // The router lets both pass, as paths of their own.
    expect([matchablePath('/admin;x/users'), matchablePath('/admin%2fusers')]).toEqual([
      '/admin;x/users',
      '/admin%2Fusers',
    ]);
  });

  it.each([
    ['addresses', 'match: /admin/*, upstream: app, addresses: { allow: 10.0.0.0/8 }', 'match: /*, upstream: app'],
    ['a denied address', 'match: /admin/*, upstream: app, addresses: { deny: 10.0.0.0/8 }', 'match: /*, upstream: app'],
    ['an exact path', `match: /admin, upstream: app, ${KEY}`, 'match: /*, upstream: app'],
    ['a deeper prefix', `match: /a/admin/*, upstream: app, ${KEY}`, 'match: /a/*, upstream: app'],
    ['a parameter', `match: "/{tenant}/admin", upstream: app, ${KEY}`, 'match: "/{t}/*", upstream: app'],
    [
      'one host of many',
      `match: { path: /admin/*, host: a.b.c }, upstream: app, ${KEY}`,
      'match: { host: "*.b.c" }, upstream: app',
    ],
    ['the open route first', 'match: /*, upstream: app', `match: /admin/*, upstream: app, ${KEY}`],
    [
      'the other guard there',
      `match: /admin/*, upstream: app, ${KEY}`,
      'match: /*, upstream: app, addresses: { deny: 10.0.0.0/8 }',
    ],
  ])('%s: warns', (_what, ...routes) => expect(findings(...routes)).toHaveLength(1));

  it.each([
    ['guarded alike', `match: /admin/*, upstream: app, ${KEY}`, `match: /*, upstream: app, ${KEY}`],
    ['another upstream', `match: /admin/*, upstream: app, ${KEY}`, 'match: /*, upstream: other'],
    [
      'another host',
      `match: { path: /admin/*, host: a.b }, upstream: app, ${KEY}`,
      'match: { host: c.d }, upstream: app',
    ],
    [
      'another method',
      `match: { path: /admin/*, methods: POST }, upstream: app, ${KEY}`,
      'match: { path: /*, methods: GET }, upstream: app',
    ],
    ['a sibling', `match: /admin/*, upstream: app, ${KEY}`, 'match: /public/*, upstream: app'],
    ['an exact path', `match: /admin/*, upstream: app, ${KEY}`, 'match: /, upstream: app'],
    ['what is below the guard', `match: /admin/*, upstream: app, ${KEY}`, 'match: /admin/login, upstream: app'],
    ['nothing to misspell', `match: "/{tenant}", upstream: app, ${KEY}`, 'match: /*, upstream: app'],
    ['a fixed answer', `match: /admin/*, upstream: app, ${KEY}`, 'match: /*, respond: { status: 404 }'],
    ['a guarded answer', `match: /admin/*, respond: { status: 204 }, ${KEY}`, 'match: /*, upstream: app'],
  ])('%s: is silent', (_what, ...routes) => expect(findings(...routes)).toEqual([]));
});
