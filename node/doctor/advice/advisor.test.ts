import { describe, expect, it } from 'vitest';
import { createAttempt } from '../../pipeline/exchange.js';
import { fakeClock, makeExchange, makeRequest, seededRandom } from '../../pipeline/testing/harness.js';
import { makeRoute } from '../../pipeline/testing/specs.js';
import { atOnce } from '../../time/slices.js';
import { Advisor } from './advisor.js';
import { BEGIN_EVERY_MS, CALLS_PER_S, TRAILS_MAX } from './followed.js';

interface Ask {
  readonly route: string;
  readonly path: string;
  readonly query?: string;
  readonly client?: string;
  readonly program?: string;
  readonly forMs?: number;
  readonly status?: number;
  readonly method?: string;
  /** It is a part that the gateway asks for. */
  readonly isPart?: boolean;
  readonly body?: string;
  readonly headers?: readonly string[];
  readonly asked?: readonly string[];
}

function setUp(...ids: readonly string[]) {
  const clock = fakeClock();
  const advisor = new Advisor({ clock, random: seededRandom(1) });
  const follow = (...routes: readonly string[]): void => {
    atOnce(
      advisor.followingRoutes({
        routes: routes.map((id) =>
          makeRoute({ id, match: { ...makeRoute().match, path: { kind: 'template', template: `/${id}/{id}` } } }),
        ),
      }),
    );
  };
  const routes = new Map(ids.map((id) => [id, advisor.route(id)]));
  follow(...ids);
  /** Answered as long as it takes, from now on; the clock goes on with it. */
  const ask = (one: Ask): void => {
    const exchange = makeExchange({
      ...{ receivedAtMs: clock.nowMs(), clientAddress: one.client ?? '192.0.2.1' },
      ...(one.isPart === true ? { outer: { depth: 1, traceparent: '', traceState: '', word: null } } : {}),
    });
    exchange.attempts.push(createAttempt('a:1', clock.nowMs()));
    const headers = ['user-agent', one.program ?? 'app', ...(one.asked ?? [])];
    const request = makeRequest({
      exchange,
      method: one.method ?? 'GET',
      path: one.path,
      query: one.query ?? '',
      headers,
    });
    clock.advance(one.forMs ?? 20);
    const body = new TextEncoder().encode(one.body ?? '{}');
    Object.assign(exchange, { headersAtMs: clock.nowMs(), endedAtMs: clock.nowMs(), status: one.status ?? 200 });
    const headersOfAnswer = one.headers ?? ['content-type', 'application/json', 'cache-control', 'no-store'];
    const head = { status: one.status ?? 200, headers: headersOfAnswer, lengthBytes: body.length, resume: () => {} };
    const look = routes.get(one.route)?.look(request, head) ?? null;
    look?.data(body);
    look?.ended(true);
    routes.get(one.route)?.ended(request);
  };
  const page = (id: number, more: Partial<Ask> = {}): void => {
    for (const route of ['users', 'carts', 'notes']) ask({ route, path: `/${route}/${id}`, ...more });
    clock.advance(1_000);
  };
  const kinds = () => advisor.report().map(({ kind }) => kind);
  return { clock, advisor, follow, ask, page, kinds };
}

const PAGE = ['users', 'carts', 'notes'];

describe('the advisor', () => {
  it('composes a page that it has seen often enough, and scales it to all clients', () => {
    const { advisor, page, kinds, clock } = setUp(...PAGE);
    for (let id = 0; id < 5; id += 1) page(id);
    expect(kinds()).toEqual([]);
    const began = clock.nowMs();
    for (let id = 0; id < 20; id += 1) {
      page(id);
      page(id, { program: 'other' });
    }
    const [advice] = advisor.report();
    expect(advice?.kind).toBe('composition');
    // One of the two programs is followed, and stands for the other; the first page of it is not told.
    const perMinute = (45 * 60_000) / (clock.nowMs() - began + 5 * 1_060);
    expect(advice?.saving.clientRequests?.after).toBeGreaterThan(0.85 * perMinute);
    expect(advice?.saving.clientRequests?.after).toBeLessThan(1.05 * perMinute);
  });

  it('takes no call for one of a client that went wrong, changes something, or is a part of an answer', () => {
    const others: Partial<Ask>[] = [{ status: 500 }, { method: 'POST' }, { isPart: true }];
    for (const other of others) {
      const { page, kinds } = setUp(...PAGE);
      for (let id = 0; id < 20; id += 1) page(id, other);
      expect(kinds(), JSON.stringify(other)).toEqual([]);
    }
  });

  it('tells two clients of one address apart, also where their calls lie between each other', () => {
    const { ask, clock, kinds } = setUp(...PAGE);
    for (let id = 0; id < 10; id += 1) {
      for (const route of PAGE) {
        ask({ route, path: `/${route}/${id}` });
        ask({ route, path: `/${route}/${id + 50}`, program: 'other' });
      }
      clock.advance(1_000);
    }
    expect(kinds()).toEqual(['composition']);
  });

  it('leaves a client that never rests, and follows others at its address', () => {
    const { ask, page, kinds } = setUp('stream', ...PAGE);
    for (let i = 0; i < 200; i += 1) ask({ route: 'stream', path: '/stream/1', forMs: 1 });
    for (let id = 0; id < 10; id += 1) page(id, { program: 'other' });
    expect(kinds()).toContain('composition');
  });

  it('follows so many clients at once, and others when those had their turn', () => {
    const { clock, ask, page, kinds } = setUp('x', ...PAGE);
    for (let i = 0; i < TRAILS_MAX; i += 1)
      ask({ route: 'x', path: '/x/1', client: `10.0.0.${i}`, forMs: BEGIN_EVERY_MS });
    for (let id = 0; id < 10; id += 1) page(id, { client: '192.0.2.9' });
    expect(kinds()).toEqual([]);
    clock.advance(60_000);
    for (let id = 0; id < 10; id += 1) page(id, { client: '192.0.2.9' });
    expect(kinds()).toEqual(['composition']);
  });

  it('reads so many calls a second: a burst of which one was not read is not told', () => {
    const { ask, clock, advisor } = setUp('x');
    const [clients, calls] = [40, 60];
    for (let n = 0; n < clients; n += 1) ask({ route: 'x', path: '/x/1', client: `c${n}`, forMs: BEGIN_EVERY_MS });
    clock.advance(1_000);
    for (let n = 0; n < clients; n += 1)
      for (let i = 0; i < calls; i += 1) ask({ route: 'x', path: `/x/${i}`, client: `c${n}`, forMs: 0 });
    clock.advance(1_000);
    advisor.report();
    expect(advisor.followed.patterns.list()).toMatchObject([{ times: Math.floor(CALLS_PER_S / calls) }]);
  });

  it('finds answers that are the same, and what clients could get smaller', async () => {
    const { ask, clock, advisor, kinds } = setUp('list');
    const body = JSON.stringify({
      items: Array.from({ length: 50 }, (_, id) => ({ id, text: `what nobody reads of ${id}` })),
    });
    const headers = ['content-type', 'application/json'];
    for (let i = 0; i < 40; i += 1) {
      ask({
        route: 'list',
        path: '/list/a',
        query: 'fields=items(id)',
        body,
        headers,
        asked: ['accept-encoding', 'br'],
      });
      clock.advance(1_500);
    }
    await expect.poll(() => [...kinds()].sort()).toEqual(['cache', 'compress', 'fields']);
    const told = Object.fromEntries(advisor.report().map((one) => [one.kind, one.saving]));
    const whole = told['fields']?.bytes?.before ?? 0;
    expect(told['fields']?.bytes?.after).toBeLessThan(0.5 * whole);
    expect(told['compress']?.bytes?.after).toBeLessThan(0.3 * whole);
    expect(told['cache']?.upstreamRequests?.after).toBeLessThanOrEqual(6);
  });

  it('tries bodies of all routes in turn, also where those of one come first each time', async () => {
    const { ask, clock, advisor } = setUp('first', 'second');
    const body = JSON.stringify(Array.from({ length: 50 }, (_, id) => ({ id, text: `what nobody reads of ${id}` })));
    for (let i = 0; i < 40; i += 1) {
      for (const route of ['first', 'second'])
        ask({ route, path: `/${route}/a`, body, asked: ['accept-encoding', 'br'] });
      clock.advance(1_000);
    }
    await expect.poll(() => advisor.report().flatMap(({ routes }) => routes)).toHaveLength(2);
  });

  it('forgets what was long ago, and routes that are gone', () => {
    const { clock, page, kinds, follow } = setUp(...PAGE);
    for (let id = 0; id < 12; id += 1) page(id);
    expect(kinds()).toEqual(['composition']);
    follow('users', 'carts');
    expect(kinds()).toEqual([]);
    follow(...PAGE);
    expect(kinds()).toEqual([]);
    for (let id = 0; id < 12; id += 1) page(id);
    expect(kinds()).toEqual(['composition']);
    clock.advance(300_000);
    kinds();
    clock.advance(300_000);
    expect(kinds()).toEqual([]);
  });
});
