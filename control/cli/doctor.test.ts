import { createServer, type Server } from 'node:http';
import type { Advice } from '@weir/proto/events/advice.js';
import type { DoctorCase, DoctorReport } from '@weir/proto/events/doctor.js';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { joined } from '../insight/doctor-reports.js';
import { registerDoctor } from './doctor.js';
import { showDoctor } from './show-doctor.js';
import { paintFor } from './terminal.js';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const plain = paintFor(false, {});

const slow: DoctorCase = {
  route: 'report',
  upstream: 'reports',
  target: '',
  timer: 'firstByte',
  kind: 'fired',
  count: 37,
  firstWallMs: NOW - 60_000,
  lastWallMs: NOW - 3_000,
  verdict: {
    cause: 'wrong configuration',
    rule: 'limit-near-usual',
    certainty: 'clear',
    evidence: ['answers of this route usually begin after 1.9s'],
    changes: [{ kind: 'config', path: 'routes[id=report].timeouts.firstByte', from: '2s', to: '3.5s' }],
  },
  examples: [],
};
const near: DoctorCase = {
  ...slow,
  route: 'orders\u001b[2J',
  target: '10.0.0.1:80',
  timer: 'client',
  kind: 'near',
  count: 1,
  verdict: { ...slow.verdict, certainty: 'guess', changes: [{ kind: 'advice', text: 'add targets' }] },
};
const report = (...cases: readonly DoctorCase[]): DoctorReport => ({
  sinceWallMs: NOW - 61_000,
  nowWallMs: NOW,
  cases,
  forgotten: 0,
});

const menus: Advice = {
  ...{ kind: 'cache', routes: ['menus'], subject: '', certainty: 'likely', evidence: ['the same bytes\u001b came'] },
  changes: [{ kind: 'config', path: 'routes[id=menus].cache.defaultTtl', from: 'none', to: '5s' }],
  saving: {
    ...{
      clientRequests: null,
      upstreamRequests: { before: 240, after: 12 },
      bytes: { before: 2_400_000, after: 240_000 },
    },
    waitMs: { before: 40, after: 2 },
  },
  seen: 100,
};

describe('advice in the text of the doctor', () => {
  const told = (...advice: readonly Advice[]) => ({ ...report(), advice });

  it('tells what was seen, what would be saved of it, and the change', () => {
    expect(showDoctor(told(menus), null, plain).split('\n').slice(-9)).toEqual([
      '',
      'fewer calls, smaller answers',
      '  the same answer again, route menus (likely)',
      '    the same bytes\\x1b came',
      '    requests to the upstream: 240 → 12 a minute (−95 %)',
      '    bytes to clients: 2.3 MiB → 230 KiB a minute (−90 %)',
      '    wait: 40 ms → 2 ms (−95 %)',
      '    → routes[id=menus].cache.defaultTtl: none → 5s',
      '',
    ]);
  });

  it('is one where several nodes advise alike: counts are added, waits weighed by what was seen', () => {
    const change: Advice['changes'] = [{ kind: 'advice', text: 'of the other' }];
    const other: Advice = {
      ...menus,
      ...{ seen: 300, changes: change },
      saving: {
        ...menus.saving,
        upstreamRequests: { before: 60, after: 8 },
        bytes: null,
        waitMs: { before: 80, after: 6 },
      },
    };
    const elsewhere: Advice = { ...menus, subject: 'other' };
    const { advice } = joined([told(menus, elsewhere), report(), told(other)]);
    expect(advice).toHaveLength(2);
    expect(advice?.[0]).toMatchObject({
      ...{ seen: 400, changes: change },
      saving: {
        ...{ upstreamRequests: { before: 300, after: 20 }, bytes: { before: 2_400_000, after: 240_000 } },
        waitMs: { before: 70, after: 5 },
      },
    });
    expect(advice?.[1]).toEqual(elsewhere);
  });
});

describe('the text of the doctor', () => {
  it('tells cause, number, evidence and change by route', () => {
    expect(showDoctor(report(slow, near), null, plain)).toBe(
      [
        'weir doctor: 37 timeouts and 1 near-timeout in the last 1 min 1 s',
        '',
        'route report',
        '  firstByte fired, 37×, last 3.0 s ago: wrong configuration',
        '    answers of this route usually begin after 1.9s',
        '    → routes[id=report].timeouts.firstByte: 2s → 3.5s',
        '',
        'route orders\\x1b[2J',
        '  nearly the client left at 10.0.0.1:80, 1×, last 3.0 s ago: wrong configuration (guess)',
        '    answers of this route usually begin after 1.9s',
        '    → add targets',
        '',
      ].join('\n'),
    );
  });

  it('says that there is nothing, since when, and where to look', () => {
    const text = showDoctor(report(), 'orders', plain);
    expect(text).toContain('nothing to report: no timeout and no near-timeout on route orders in the last 1 min 1 s');
    expect(text).toContain('weir check');
  });

  it('puts the cases of several nodes together, worst first', () => {
    const other = { ...report({ ...slow, count: 99 }), sinceWallMs: 5, forgotten: 2 };
    const whole = joined([report(near, slow), other]);
    expect(whole.cases.map(({ kind, count }) => [kind, count])).toEqual([
      ['fired', 99],
      ['fired', 37],
      ['near', 1],
    ]);
    expect([whole.sinceWallMs, whole.forgotten]).toEqual([5, 2]);
    expect(showDoctor(whole, null, plain)).toContain('2 older cases were forgotten');
  });
});

describe('weir doctor', () => {
  let server: Server;
  let base = '';
  let out = '';
  let err = '';
  let answers: Record<string, unknown> = {};

  beforeEach(async () => {
    server = createServer((request, response) => {
      const body = answers[request.url ?? ''];
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    base = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    [out, err] = ['', ''];
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      out += String(chunk);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      err += String(chunk);
      return true;
    });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    process.exitCode = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function run(...words: string[]) {
    const program = new Command('weir').exitOverride();
    registerDoctor(program);
    await program.parseAsync(['doctor', ...words], { from: 'user' });
    return { out, err, code: process.exitCode };
  }

  it('finds the nodes by the admin API and asks each of them', async () => {
    answers = { '/status': { nodes: [{ metrics: `http://${base}/metrics` }], routes: [] }, '/doctor': report(slow) };
    const told = await run('--admin', base);
    expect([told.code, told.err]).toEqual([3, '']);
    expect(told.out).toContain('→ routes[id=report].timeouts.firstByte: 2s → 3.5s');
  });

  it('asks one node directly, for one route, and near-timeouts alone are no failure', async () => {
    answers = { '/doctor': report(slow, { ...near, route: 'orders' }) };
    const told = await run('orders', '--metrics', `http://${base}`, '--json');
    expect(told.code).toBe(0);
    expect(JSON.parse(told.out)).toMatchObject({ cases: [{ route: 'orders', kind: 'near' }] });
  });

  it('tells advice with the cases, of one route where one is asked for, and fails for none', async () => {
    answers = { '/doctor': { ...report(), advice: [menus, { ...menus, routes: ['other'] }] } };
    const told = await run('menus', '--metrics', `http://${base}`, '--json');
    expect(told.code).toBe(0);
    expect(JSON.parse(told.out)).toMatchObject({ cases: [], advice: [{ routes: ['menus'] }] });
  });

  it.each([
    [{}, ['--metrics'], 'answers 404, and not as a node does. --metrics names the address of another'],
    [{}, ['--admin'], "which is not Weir's admin API"],
    [{ '/status': { nodes: [{ metrics: null }], routes: [] } }, ['--admin'], 'no node is running'],
    // A node's own /status, at the metrics port, and a stranger that speaks JSON.
    [{ '/status': { pid: 1, state: 'serving' } }, ['--admin'], "which is not Weir's admin API"],
    [{ '/doctor': { hello: 1 } }, ['--metrics'], 'not as a node does'],
  ])('says what is wrong with %j asked by %j', async (given, [flag = ''], message) => {
    answers = given;
    const told = await run(flag, base);
    expect([told.code, told.out]).toEqual([1, '']);
    expect(told.err).toContain(message);
  });

  it('does not take a route that is not there for one without timeouts', async () => {
    const status = { nodes: [{ metrics: `http://${base}/metrics` }], routes: ['orders', 'report'] };
    answers = { '/status': status, '/doctor': report(slow) };
    const typo = await run('ordres', '--admin', base);
    expect([typo.code, typo.out]).toEqual([1, '']);
    expect(typo.err).toContain('there is no route ordres. Routes: orders, report.');
    expect((await run('orders', '--admin', base)).code).toBe(0);
  });

  it('says that nothing answers', async () => {
    await new Promise((resolve) => server.close(resolve));
    const told = await run('--metrics', base);
    expect(told.code).toBe(1);
    expect(told.err).toContain('does not answer (connect ECONNREFUSED');
  });
});
