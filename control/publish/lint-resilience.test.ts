import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.js';

function findings(text: string): string[] {
  const checked = checkConfig(text, {}, (key) => `hash:${key}`);
  const faults = checked.ok ? checked.warnings : checked.faults;
  return faults.map(({ severity, path, message, cure }) => `${severity} ${path}: ${message} (${cure ?? ''})`);
}

const ONE = 'targets: http://a';
const TWO = 'targets: [http://a, http://b]';
const withUpstream = (fields: string, gateway = '{}', route = 'match: /') =>
  findings(`gateway: ${gateway}\nupstreams: [{ id: app, ${fields} }]\nroutes: [{ ${route} }]`);
const withRoute = (route: string, gateway = '{}', fields = TWO) => withUpstream(fields, gateway, `match: /, ${route}`);

describe('an upstream', () => {
  it.each([
    [`${TWO}, pool: { idle: 5s }`, 'pool.idle: many servers close idle connections after 5s'],
    [`${TWO}, health: { probe: { every: 1s, timeout: 1s } }`, 'health.probe.timeout: a probe may take 1s'],
    [`${TWO}, health: { outlier: { ejection: 3m } }`, 'health.outlier.ejectionMax: ejectionMax is below'],
    [`${TWO}, health: { breaker: { open: 31s } }`, 'health.breaker.openMax: openMax is below'],
    ['targets: [{ url: http://a, weight: 2 }, http://b], balance: round-robin', 'balance: round-robin gives all'],
    [`${ONE}, balance: maglev`, 'balance: there is one target, so maglev has nothing'],
    [`${ONE}, balance: { policy: ring-hash }`, 'balance: there is one target, so ring-hash has nothing'],
  ])('with %s is warned about', (fields, finding) => {
    expect(withUpstream(fields)).toEqual([expect.stringContaining(`warning upstreams[0].${finding}`)]);
  });

  it.each([
    `${TWO}, pool: { idle: 4999ms }`,
    `${TWO}, health: { probe: { every: 1s, timeout: 999ms }, outlier: { ejection: 2m }, breaker: { open: 30s } }`,
    `${TWO}, health: { outlier: false, breaker: false }`,
    'targets: [{ url: http://a, weight: 2 }, http://b], balance: weighted',
    'targets: [{ url: http://a, weight: 2 }, { url: http://b, weight: 2 }], balance: round-robin',
    `${TWO}, balance: maglev`,
    ONE,
  ])('with %s is sound', (fields) => expect(withUpstream(fields)).toEqual([]));
});

describe('jobs', () => {
  it.each([
    ['async: { prefer: false }', 'async.prefer: nothing is ever handed over'],
    ['async: { after: 30s }', 'async.after: after (30s) is not before total (30s)'],
    ['async: { total: 30s }', 'async.total: a job may take 30s'],
    ['async: { firstByte: 11m }', 'async.firstByte: firstByte (11m) is longer'],
  ])('with %s are warned about', (fields, finding) => {
    expect(withRoute(fields)).toEqual([expect.stringContaining(`warning routes[0].${finding}`)]);
  });

  it('of a route that answers by itself are warned about', () => {
    expect(findings('routes: [{ match: /, respond: { status: 200 }, async: true }]')).toEqual([
      expect.stringContaining('warning routes[0].async: a route that answers by itself'),
    ]);
  });

  it.each(['async: true', 'async: { after: 29s, total: 31s, firstByte: 31s }', 'async: { prefer: false, after: 1s }'])(
    'with %s are sound',
    (fields) => expect(withRoute(fields)).toEqual([]),
  );
});

describe('retries', () => {
  it.each([
    ['timeouts: { total: 2s, attempt: 1700ms }', '{}', 'no retry fits'],
    ['timeouts: { total: 2s, firstByte: 1700ms }, retry: { attempts: 1 }', '{}', 'no retry fits'],
    ['timeouts: { total: 2s, firstByte: 1s }, retry: { attempts: 3 }', '{}', 'of 3 retries only 1 fit'],
    ['timeouts: { total: 2s, attempt: 500ms }, retry: { attempts: 4 }', '{}', 'of 4 retries only 3 fit'],
    ['retry: true', '{ timeouts: { attempt: 29s, firstByte: 29s } }', 'no retry fits'],
    ['timeouts: { total: 2s, attempt: 1s }, retry: { backoff: 700ms, backoffMax: 1s }', '{}', 'no retry fits'],
  ])('%s within %s cannot fit', (route, gateway, finding) => {
    expect(withRoute(route, gateway)).toEqual([expect.stringContaining(`warning routes[0].retry: ${finding}`)]);
  });

  it.each([
    ['timeouts: { total: 2s, attempt: 1500ms }', '{}'],
    ['timeouts: { total: 40s, firstByte: 40s }', '{}'],
    ['timeouts: { total: 2s, attempt: 1700ms }, retry: false', '{}'],
    ['timeouts: { total: 2s, attempt: 1700ms }, retry: { attempts: 0 }', '{}'],
    ['timeouts: { total: 2s, attempt: 1700ms }, retry: { on: [reset, refused] }', '{}'],
    ['timeouts: { total: 2s, attempt: 600ms }, retry: { attempts: 3 }', '{}'],
    ['timeouts: { total: 1s }', '{}'],
    ['timeouts: { total: 1s }', '{ timeouts: { firstByte: 10s } }'],
    ['timeouts: { total: 10s }', '{ timeouts: { attempt: 29s, firstByte: 29s } }'],
    ['timeouts: { total: 2s, firstByte: 1700ms, attempt: 500ms }', '{}'],
  ])('%s within %s are left alone', (route, gateway) => {
    expect(withRoute(route, gateway).filter((line) => line.includes('.retry'))).toEqual([]);
  });

  it('by status need `status`', () => {
    expect(withRoute('retry: { on: reset, statuses: [503] }')).toEqual([
      expect.stringContaining('warning routes[0].retry.statuses: statuses are listed'),
    ]);
    expect(withRoute('retry: { on: [reset, status], statuses: [503] }')).toEqual([]);
    expect(withRoute('retry: { on: reset }')).toEqual([]);
  });
});

describe('a hedge', () => {
  it('needs another target', () => {
    const alone = ['warning routes[0].hedge: a hedge asks another target, and this upstream has only one'];
    const message = (lines: string[]) => lines.map((line) => line.replace(/ \(.*/, ''));
    expect(message(withRoute('hedge: true', '{}', ONE))).toEqual(alone);
    expect(message(withRoute('upstream: app, hedge: true', '{}', ONE))).toEqual(alone);
    expect(withRoute('hedge: true')).toEqual([]);
  });

  it.each([
    ['hedge: { after: 2s }, timeouts: { firstByte: 2s }', '.after: the hedge (after 2s) can never start: firstByte'],
    [
      'hedge: { after: 800ms }, timeouts: { attempt: 500ms }',
      '.after: the hedge (after 800ms) can never start: attempt',
    ],
    ['hedge: { after: 3s }, timeouts: { total: 3s }', '.after: the hedge (after 3s) can never start: total (3s)'],
    [
      'hedge: { after: { min: 2s } }, timeouts: { firstByte: 1s }',
      '.after: the hedge (after 2s) can never start: firstByte (1s)',
    ],
  ])('%s can never start', (route, finding) => {
    expect(withRoute(route).filter((line) => line.includes('.hedge'))).toEqual([
      expect.stringContaining(`warning routes[0].hedge${finding}`),
    ]);
  });

  it('of methods that are not safe is none', () => {
    const route = (methods: string) => `match: { path: /, methods: ${methods} }, hedge: true`;
    expect(withUpstream(TWO, '{}', route('[POST, PUT]'))).toEqual([
      expect.stringContaining(
        'warning routes[0].hedge: only safe methods are asked twice, and this route takes POST, PUT',
      ),
    ]);
    expect(withUpstream(TWO, '{}', route('[GET, POST]'))).toEqual([]);
  });

  it.each(['hedge: true', 'hedge: { after: 1999ms }, timeouts: { firstByte: 2s }', 'hedge: { after: { min: 1s } }'])(
    '%s is sound',
    (route) => expect(withRoute(route)).toEqual([]),
  );
});

describe('a fallback', () => {
  const others = 'upstreams: [{ id: app, targets: http://a }, { id: spare, targets: http://b }]\n';
  const fallback = (list: string) =>
    findings(`${others}routes: [{ match: /, upstream: app, fallback: ${list} }, { match: /b, upstream: spare }]`);

  it.each([
    ['[{ upstream: app }]', '[0]: app has failed already'],
    ['[{ upstream: spare }, { upstream: spare }]', '[1]: spare has failed already'],
    ['[{ respond: { status: 503 } }, { upstream: spare }]', '[1]: this is never reached'],
  ])('%s is warned about', (list, finding) => {
    expect(fallback(list)).toEqual([expect.stringContaining(`warning routes[0].fallback${finding}`)]);
  });

  it('to the only upstream there is, unnamed, is one to itself', () => {
    expect(withRoute('fallback: [{ upstream: app }]')).toEqual([expect.stringContaining('app has failed already')]);
  });

  it('to an upstream that there is not is an error', () => {
    expect(fallback('[{ upstream: sparre }]')).toEqual([
      'error routes[0].fallback[0].upstream: there is no upstream "sparre" (did you mean spare?)',
    ]);
  });

  it('that would get the credentials which the route sets for its own upstream is warned about', () => {
    const withHeaders = (own: string, entry: string) =>
      findings(
        `${others}routes: [{ match: /, upstream: app, headers: { request: ${own} }, fallback: [{ upstream: spare${entry} }] }]`,
      );
    const set = '{ set: { Authorization: a, X-B: b }, add: { Cookie: c } }';
    expect(withHeaders(set, '')).toEqual([
      expect.stringContaining('warning routes[0].fallback[0]: spare gets the authorization'),
      expect.stringContaining('warning routes[0].fallback[0]: spare gets the cookie'),
    ]);
    expect(withHeaders(set, ', headers: { set: { Authorization: d }, remove: cookie }')).toEqual([]);
    expect(withHeaders('{ remove: cookie }', '')).toEqual([]);
  });

  it.each(['repeats: true', 'headers: { remove: cookie }'])('that asks nobody has no %s', (field) =>
    expect(fallback(`[{ respond: { status: 503 }, ${field} }]`)).toEqual([
      expect.stringContaining('repeats and headers are about another upstream'),
    ]),
  );

  it('to another upstream and then an answer is sound, and counts as use of that upstream', () => {
    const text = `${others}routes: [{ match: /, upstream: app, fallback: [{ upstream: spare }, { respond: { status: 503 } }] }]`;
    expect(findings(text)).toEqual([]);
  });
});

describe('the examples', () => {
  const folder = new URL('../../deploy/examples/', import.meta.url);
  it.each(readdirSync(folder).filter((name) => name.endsWith('.yaml')))('%s has no warning', (name) => {
    const text = readFileSync(new URL(name, folder), 'utf8');
    const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, variable]) => [variable ?? '', `value-${variable}`]);
    const checked = checkConfig(text, Object.fromEntries(names), (key) => `hash:${key}`);
    expect(checked.ok ? checked.warnings : checked.faults).toEqual([]);
  });
});
