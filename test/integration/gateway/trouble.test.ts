/** What a client sees of upstreams in trouble: hedges, held answers, ejection, breakers, fallbacks and admission, with real servers. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';
import { freePort, Stage, until } from '../../support/stage.js';
import { serve } from '../../support/workplace.js';

const stage = new Stage();
afterEach(() => stage.clear());

interface Server {
  readonly url: string;
  /** Methods of the requests that came, and how many of them the gateway has given up. */
  readonly seen: string[];
  givenUp: number;
}

async function server(listener: RequestListener): Promise<Server> {
  const made: Server = { url: '', seen: [], givenUp: 0 };
  const { port } = await serve(stage, (request, response) => {
    made.seen.push(request.method ?? '');
    response.on('close', () => {
      if (!response.writableFinished) made.givenUp += 1;
    });
    request.resume();
    listener(request, response);
  });
  return Object.assign(made, { url: `http://127.0.0.1:${port}` });
}

const answering = (text: string, status = 200, afterMs = 0) =>
  server((_request, response) => {
    setTimeout(() => response.writeHead(status).end(text), afterMs);
  });
const silent = () => server(() => {});
/** A head that promises more than comes: then nothing, or the end of the connection. */
const halfWay = (ending: 'stalls' | 'breaks') =>
  server((_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': '9' });
    response.write('half', () => {
      if (ending === 'breaks') response.destroy();
    });
  });

const targetsOf = (servers: readonly Server[]): string => servers.map(({ url }) => `"${url}"`).join(', ');

/** The targets are asked in turn, so every second request meets the first one. */
async function gateway(servers: readonly Server[], route: string, upstream = ''): Promise<Gateway> {
  return started(`
upstreams: [{ id: app, targets: [${targetsOf(servers)}], balance: round-robin, ${upstream} }]
routes: [{ id: all, match: /*, upstream: app, show: { attempts: true }, ${route} }]
`);
}

async function started(config: string): Promise<Gateway> {
  const weir = await startGateway(`gateway: { accessLog: false }\n${config}`);
  stage.onEnd(async () => {
    await weir.close();
    expect(weir.bugs).toEqual([]);
  });
  return weir;
}

async function ask(weir: Gateway, init: RequestInit = {}, path = '/x') {
  const response = await fetch(`${weir.url}${path}`, init);
  const text = await response.text();
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  const code = isProblem ? (JSON.parse(text) as { code: string }).code : null; // Written by the gateway.
  const retryAfterS = Number(response.headers.get('retry-after'));
  return { status: response.status, text, code, attempts: response.headers.get('x-weir-attempts'), retryAfterS };
}

/** Requests one after the other until one has been answered by the first target, or has failed there. */
async function askBoth(weir: Gateway, init: RequestInit = {}) {
  return [await ask(weir, init), await ask(weir, init)];
}

describe('a hedge', () => {
  it('answers from another target while the first one is silent, and gives the first one up', async () => {
    const [stuck, well] = [await silent(), await answering('well')];
    const weir = await gateway([stuck, well], 'hedge: { after: 60ms }, retry: false');
    const answers = await askBoth(weir);
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, 'well'],
      [200, 'well'],
    ]);
    expect(answers.map(({ attempts }) => attempts).sort()).toEqual(['1', '2']);
    await until(
      () => stuck.givenUp === 1,
      () => 'the loser goes on',
    );
    expect(await weir.metric('weir_decisions_total{route="all",decision="hedge_won"}')).toBe(1);
  });

  it('is not sent for a POST', async () => {
    const [stuck, well] = [await silent(), await answering('well')];
    const weir = await gateway([stuck, well], 'hedge: { after: 60ms }, retry: false, timeouts: { firstByte: 400ms }');
    const answers = await askBoth(weir, { method: 'POST' });
    expect(answers.map(({ status, attempts }) => [status, attempts]).sort()).toEqual([
      [200, '1'],
      [504, '1'],
    ]);
    expect([stuck.seen, well.seen]).toEqual([['POST'], ['POST']]);
  });

  it('is not sent without a budget', async () => {
    const slow = [await answering('slow', 200, 250), await answering('slow', 200, 250)];
    const weir = await gateway(slow, 'hedge: { after: 50ms, budget: 0, floor: 0 }, retry: false');
    expect(await ask(weir)).toMatchObject({ status: 200, attempts: '1' });
    expect(await weir.metric('weir_decisions_total{route="all",decision="hedge_refused_budget"}')).toBe(1);
  });
});

describe('an answer that is held back', () => {
  it.each(['stalls', 'breaks'] as const)('and %s half-way is answered whole by another target', async (ending) => {
    const weir = await gateway(
      [await halfWay(ending), await answering('the whole')],
      'protect: true, timeouts: { idle: 200ms }',
    );
    const answers = await askBoth(weir);
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, 'the whole'],
      [200, 'the whole'],
    ]);
    expect(answers.map(({ attempts }) => attempts).sort()).toEqual(['1', '2']);
  });

  it('is a failure and no half answer where the request must not be repeated', async () => {
    const broken = await halfWay('breaks');
    const weir = await gateway([broken], 'protect: true');
    expect(await ask(weir, { method: 'POST' })).toMatchObject({ status: 502, code: 'response_incomplete' });
    expect(broken.seen).toEqual(['POST']);
  });

  it('would have been visibly broken if it had not been held', async () => {
    const weir = await gateway([await halfWay('breaks')], 'protect: false');
    await expect(ask(weir)).rejects.toThrow('terminated');
  });
});

describe('a target in trouble', () => {
  it('is left out for what it refuses, also when the request was a POST: nothing was sent', async () => {
    const well = await answering('well');
    const gone: Server = { url: `http://127.0.0.1:${await freePort()}`, seen: [], givenUp: 0 };
    const weir = await gateway([gone, well], '');
    const answers = await askBoth(weir, { method: 'POST' });
    expect(answers.map(({ status, attempts }) => [status, attempts]).sort()).toEqual([
      [200, '1'],
      [200, '2'],
    ]);
  });

  it('is ejected when nothing but the deadline ends its silence', async () => {
    let isSilent = false;
    const fickle = await server((_request, response) => {
      if (!isSilent) response.end('ok');
    });
    const weir = await gateway([fickle, await answering('ok')], 'retry: false, timeouts: { total: 1s }');
    // What takes long at first, in a process that is cold, is forgotten by then.
    for (let i = 0; i < 100; i += 1) await ask(weir);
    isSilent = true;
    const during = await Promise.all(Array.from({ length: 12 }, () => ask(weir)));
    expect(new Set(during.map(({ status }) => status))).toEqual(new Set([200, 504]));
    expect(weir.node.status().targets.map(({ standing }) => standing)).toEqual(['out', 'well']);
    for (let i = 0; i < 6; i += 1) expect((await ask(weir)).status).toBe(200);
  });

  it.each([
    [503, ''],
    [500, ', every5xx: true'],
  ])('that answers %i to everything is left alone, and clients are told for how long', async (status, more) => {
    const broken = await answering('no', status);
    const breaker = `health: { outlier: false, breaker: { requestsMin: 4, open: 8s${more} } }`;
    const weir = await gateway([broken], 'retry: false', breaker);
    for (let i = 0; i < 4; i += 1) expect((await ask(weir)).status).toBe(status);
    const refused = await ask(weir);
    expect(refused).toMatchObject({ status: 503, code: 'circuit_open', attempts: '0' });
    expect(refused.retryAfterS).toBeGreaterThan(5);
    expect(refused.retryAfterS).toBeLessThanOrEqual(8);
    expect(broken.seen).toHaveLength(4);
  });

  it('is asked on where it is the application that answers 500', async () => {
    const broken = await answering('no', 500);
    const weir = await gateway([broken], 'retry: false', 'health: { breaker: { requestsMin: 4 } }');
    for (let i = 0; i < 12; i += 1) expect((await ask(weir)).status).toBe(500);
    expect(broken.seen).toHaveLength(12);
  });
});

describe('a fallback', () => {
  const config = (main: Server, spare: Server, rest: string): string => `
upstreams: [{ id: app, targets: ["${main.url}"] }, { id: spare, targets: ["${spare.url}"] }]
routes: [{ id: all, match: /*, upstream: app, retry: false, timeouts: { firstByte: 150ms }, ${rest} }]
`;

  it('asks another upstream when the first one is too slow, and not with what must not be repeated', async () => {
    const [stuck, spare] = [await silent(), await answering('spare')];
    const weir = await started(config(stuck, spare, 'fallback: [{ upstream: spare }]'));
    expect(await ask(weir)).toMatchObject({ status: 200, text: 'spare' });
    expect(await ask(weir, { method: 'POST' })).toMatchObject({ status: 504, code: 'first_byte_timeout' });
    expect([stuck.seen, spare.seen]).toEqual([['GET', 'POST'], ['GET']]);
  });

  it('answers by itself when the other upstream fails as well', async () => {
    const answers = 'fallback: [{ upstream: spare }, { respond: { status: 203, body: "later" } }]';
    const weir = await started(config(await silent(), await answering('no', 503), answers));
    expect(await ask(weir)).toMatchObject({ status: 203, text: 'later' });
  });
});

describe('a place at an upstream', () => {
  /** Answers when it is told to, in the order in which it was asked. */
  async function holding() {
    const held: { readonly path: string; readonly answer: () => void }[] = [];
    const made = await server(({ url = '' }, response) => {
      held.push({ path: url, answer: () => response.end(url) });
    });
    const asked = (count: number) =>
      until(
        () => made.seen.length === count,
        () => `${made.seen.length} requests came and not ${count}`,
      );
    return { made, held, asked };
  }

  const limited = (app: Server, queue: number): string => `
upstreams: [{ id: app, targets: ["${app.url}"], concurrency: { limit: 1, queue: ${queue} } }]
routes:
  - { id: later, match: /later, upstream: app, priority: background, timeouts: { queue: 10s } }
  - { id: now, match: /now, upstream: app, priority: critical, timeouts: { queue: 10s } }
  - { id: all, match: /*, upstream: app, timeouts: { queue: 10s } }
`;
  const waiting = (weir: Gateway, count: number) =>
    until(
      async () => (await weir.metric('weir_concurrency_queued{upstream="app"}')) === count,
      () => `not ${count} wait`,
    );

  it('is waited for, and who finds the queue full is told at once to come back', async () => {
    const { made, held, asked } = await holding();
    const weir = await started(limited(made, 1));
    const first = ask(weir);
    await asked(1);
    const second = ask(weir);
    await waiting(weir, 1);
    const third = await ask(weir);
    expect(third).toMatchObject({ status: 503, code: 'queue_full' });
    expect(third.retryAfterS).toBeGreaterThanOrEqual(1);
    held[0]?.answer();
    await asked(2);
    held[1]?.answer();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });

  it('goes to the more important first, however long the other has waited', async () => {
    const { made, held, asked } = await holding();
    const weir = await started(limited(made, 8));
    const all = [ask(weir)];
    await asked(1);
    all.push(ask(weir, {}, '/later'));
    await waiting(weir, 1);
    all.push(ask(weir, {}, '/now'));
    await waiting(weir, 2);
    for (let i = 0; i < 3; i += 1) {
      await asked(i + 1);
      held[i]?.answer();
    }
    await Promise.all(all);
    expect(held.map(({ path }) => path)).toEqual(['/x', '/now', '/later']);
  });
});
