import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway.js';
import { until } from '../../support/stage.js';
import { type HeldUpstream, holdingUpstream } from './held-upstream.js';
import { ended, handOver, preferring, statusOf } from './job-client.js';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const env = { KEY_A: 'a'.repeat(32), KEY_B: 'b'.repeat(32) };

/** `route` is more of the one route, `jobs` of the gateway's settings of jobs. */
async function started(route: string, jobs = '', more = ''): Promise<{ gateway: Gateway; upstream: HeldUpstream }> {
  const upstream = await holdingUpstream();
  cleanups.push(() => upstream.close());
  const gateway = await startGateway(
    `
gateway: { accessLog: false, jobs: { lease: 1s${jobs} }, timeouts: { drain: 300ms } }
upstreams: [{ id: app, targets: ["${upstream.url}"] }]
routes: [{ id: app, match: /*, ${route} }]
${more}`,
    env,
  );
  cleanups.push(() => gateway.close());
  return { gateway, upstream };
}

describe('a request with Prefer: respond-async', () => {
  it('is answered 202 with the place of a status resource, and its answer is collected there as it was', async () => {
    const { gateway, upstream } = await started('async: { total: 1m }');
    const accepted = await fetch(`${gateway.url}/report?x=1`, { headers: preferring });
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get('preference-applied')).toBe('respond-async, wait=0');
    expect(accepted.headers.get('location')).toMatch(/^\/\.weir\/jobs\/[0-9a-f]{16}-[0-9a-f]{32}$/);
    expect(accepted.headers.get('retry-after')).toBe('1');
    const location = `${gateway.url}${accepted.headers.get('location')}`;
    expect(await accepted.json()).toMatchObject({ state: 'pending', method: 'GET' });
    const { request, response } = await upstream.asked(1);
    expect(request.headers['prefer']).toBeUndefined();
    expect(await statusOf(location)).toMatchObject({ code: 202, state: 'pending' });
    expect((await fetch(`${location}/result`)).status).toBe(202);

    const momentary = { 'cache-control': 'public', ratelimit: '"a";r=1', location: 'next' };
    response.writeHead(418, { 'x-own': 'yes', 'content-type': 'text/x-report', ...momentary }).end('the report');
    expect(await ended(location)).toMatchObject({ code: 303, state: 'done' });
    const result = await fetch(location); // follows the 303
    expect([result.status, result.headers.get('x-own'), result.headers.get('content-type')]).toEqual([
      418,
      'yes',
      'text/x-report',
    ]);
    expect(result.headers.get('content-length')).toBe('10');
    expect(result.headers.get('location')).toBe(`${gateway.url}/next`);
    expect([result.headers.get('cache-control'), result.headers.get('ratelimit')]).toEqual(['no-store', null]);
    expect(await result.text()).toBe('the report');
    expect(await gateway.metric('weir_decisions_total{route="app",decision="handed_over"}')).toBe(1);
    expect(await gateway.metric('weir_jobs_ended_total{state="done"}')).toBe(1);
    expect(await gateway.metric('weir_requests_total{route="app",code="202"}')).toBe(1);
    expect(gateway.bugs).toEqual([]);
  });

  it('is told what is left of its limits with the 202 as with any answer', async () => {
    const limits = 'auth: [apiKey], limits: [{ rate: 5/m, by: route }, { rate: 7/m, by: consumer }]';
    const consumers = `consumers: [{ id: a, keys: ["\${KEY_A}"] }]`;
    const { gateway } = await started(`async: true, ${limits}`, '', consumers);
    const headers = { ...preferring, 'x-api-key': env.KEY_A };
    const answers = [await fetch(gateway.url, { headers }), await fetch(gateway.url, { headers })];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    const left = answers.map(({ headers }) => headers.get('ratelimit')?.replace(/;t=\d+/g, ''));
    expect(left[0]).toMatch(/r=4.*r=6/);
    expect(left[1]).toMatch(/r=3.*r=5/);
    expect(answers[0]?.headers.get('ratelimit-policy')).toMatch(/q=5.*q=7/);
  });

  it('is answered in the ordinary way when the answer comes in time', async () => {
    const { gateway, upstream } = await started('async: { after: 20s }');
    const answer = fetch(`${gateway.url}/quick`, { headers: { prefer: 'respond-async, wait=15' } });
    (await upstream.asked(1)).response.end('quick');
    expect([(await answer).status, await (await answer).text()]).toEqual([200, 'quick']);
    expect(await gateway.metric('weir_jobs_stored')).toBe(0);
  });

  it('is an ordinary one where the route does not allow it, and the upstream gets the wish', async () => {
    const { gateway, upstream } = await started('async: false');
    const answer = fetch(`${gateway.url}/`, { headers: preferring });
    const { request, response } = await upstream.asked(1);
    expect(request.headers['prefer']).toBe('respond-async, wait=0');
    response.end('sync');
    expect((await answer).status).toBe(200);
    // The place of jobs is taken all the same: an id from before a reload is a credential, and goes to no upstream.
    expect((await fetch(`${gateway.url}/.weir/jobs/0`)).status).toBe(404);
    expect(upstream.held).toHaveLength(1);
  });

  it('has its whole body received before the 202', async () => {
    const { gateway, upstream } = await started('async: true');
    let send: (text: string | null) => void = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (text) => (text === null ? controller.close() : controller.enqueue(new TextEncoder().encode(text)));
      },
    });
    let status = 0;
    const init = { method: 'POST', body, duplex: 'half', headers: preferring };
    const answer = fetch(`${gateway.url}/upload`, init as RequestInit).then((accepted) => {
      status = accepted.status;
      return accepted;
    });
    send('first ');
    const held = await upstream.asked(1);
    await until(
      () => held.body() === 'first ',
      () => 'the upstream has not seen the first part',
    );
    // Another one that came later was handed over meanwhile, so this one was due as well.
    await handOver(gateway.url, '/other');
    expect(status).toBe(0);
    send('second');
    send(null);
    const location = `${gateway.url}${(await answer).headers.get('location')}`;
    expect(status).toBe(202);
    await until(
      () => held.body() === 'first second',
      () => 'the body is not whole',
    );
    held.response.end('got it');
    await ended(location);
    expect(await (await fetch(location)).text()).toBe('got it');
  });
});

describe('the result of a job', () => {
  it('may be many pieces long, and is streamed as it was, also to several', async () => {
    const { gateway, upstream } = await started('async: true');
    const location = `${gateway.url}${await handOver(gateway.url, '/large')}`;
    const large = Buffer.alloc(5 * 1024 * 1024, 'weir: 0123456789abcdef\n');
    (await upstream.asked(1)).response.end(large);
    expect(await ended(location)).toMatchObject({ state: 'done' });
    const [one, two] = await Promise.all([fetch(location), fetch(location)]);
    expect(Buffer.from(await one.arrayBuffer()).equals(large)).toBe(true);
    expect(Buffer.from(await two.arrayBuffer()).equals(large)).toBe(true);
    // With the fields of the answer.
    const fieldBytes = (await gateway.metric('weir_jobs_stored_bytes')) - large.length;
    expect(fieldBytes).toBeGreaterThan(0);
    expect(fieldBytes).toBeLessThan(1_000);
    expect(await gateway.metric('weir_jobs_result_bytes_total')).toBe(large.length);
  });

  it.each([
    ['of a stated length', true],
    ['of an unknown length', false],
  ])('that is too large, %s, is a failure with a name, and the upstream is let go', async (_what, isStated) => {
    const { gateway, upstream } = await started('async: true', ', result: 100KiB');
    const location = `${gateway.url}${await handOver(gateway.url, '/')}`;
    const { response, isGone } = await upstream.asked(1);
    if (isStated) response.setHeader('content-length', 200 * 1024);
    response.write(Buffer.alloc(150 * 1024));
    expect(await ended(location)).toMatchObject({ state: 'failed', failure: { code: 'job_result_too_large' } });
    await until(isGone, () => 'the upstream still sends');
    const result = await fetch(`${location}/result`);
    expect([result.status, ((await result.json()) as { code: string }).code]).toEqual([502, 'job_result_too_large']);
    expect(await gateway.metric('weir_jobs_stored_bytes')).toBe(0);
  });

  it('is the failure that the client would have got, where the job failed', async () => {
    const { gateway, upstream } = await started('async: { firstByte: 150ms }, retry: false');
    const location = `${gateway.url}${await handOver(gateway.url, '/')}`;
    expect(await ended(location)).toMatchObject({ code: 200, failure: { code: 'first_byte_timeout' } });
    const result = await fetch(`${location}/result`);
    expect(result.status).toBe(504);
    expect(await result.json()).toMatchObject({ code: 'first_byte_timeout', timer: 'firstByte', limitMs: 150 });
    expect(upstream.held).toHaveLength(1);
  });

  it('is tried and waited for beyond the limits of the client: those of the job hold', async () => {
    const limits = 'timeouts: { total: 400ms, firstByte: 100ms }';
    const { gateway, upstream } = await started(`async: { after: 50ms, total: 1m }, ${limits}`);
    const location = `${gateway.url}${await handOver(gateway.url, '/', { 'x-request-timeout-ms': '300' })}`;
    const { request } = await upstream.asked(1);
    expect(Number(request.headers['x-request-timeout-ms'])).toBeGreaterThan(50_000);
    request.socket.destroy(); // the attempt breaks, after the client was answered
    (await upstream.asked(2)).response.end('at last');
    await ended(location);
    expect(await (await fetch(location)).text()).toBe('at last');
  });
});

describe('a request that no job can be made of', () => {
  const full = ', max: 1';

  it('has the first-byte limit and the fallback of its route', async () => {
    const limits = 'timeouts: { total: 10m, firstByte: 300ms }, retry: false';
    const { gateway, upstream } = await started(
      `async: true, ${limits}, fallback: [{ respond: { status: 203 } }]`,
      full,
    );
    await handOver(gateway.url, '/first');
    expect((await fetch(`${gateway.url}/second`, { headers: preferring })).status).toBe(203);
    expect(await gateway.metric('weir_jobs_refused_total{reason="full"}')).toBe(1);
    expect(await gateway.metric('weir_timers_fired_total{route="app",timer="firstByte"}')).toBe(1);
    await until((await upstream.asked(2)).isGone, () => 'the attempt goes on');
    expect((await upstream.asked(1)).isGone()).toBe(false);
  });

  it('has the last word of its fallback before the limit of its client', async () => {
    const { gateway } = await started('async: true, fallback: [{ respond: { status: 203 } }]', full);
    await handOver(gateway.url, '/first');
    const headers = { ...preferring, 'x-request-timeout-ms': '1000' };
    expect((await fetch(`${gateway.url}/second`, { headers })).status).toBe(203);
  });

  it('has them also when its body is never whole', async () => {
    const { gateway, upstream } = await started('async: true, fallback: [{ respond: { status: 203 } }]');
    let close: () => void = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(5));
        close = () => controller.close();
      },
    });
    const headers = { ...preferring, 'x-request-timeout-ms': '1000' };
    const init = { method: 'POST', body, duplex: 'half', headers };
    const answer = fetch(`${gateway.url}/`, init as RequestInit);
    await upstream.asked(1);
    expect((await answer).status).toBe(203);
    close();
  });
});

it('a client that leaves takes its request with it before the 202, and not after it', async () => {
  const { gateway, upstream } = await started('async: true');
  const leaving = new AbortController();
  const left = fetch(`${gateway.url}/`, { headers: { prefer: 'respond-async, wait=20' }, signal: leaving.signal });
  const first = await upstream.asked(1);
  leaving.abort();
  await expect(left).rejects.toThrow();
  await until(first.isGone, () => 'the upstream was not let go');

  const location = `${gateway.url}${await handOver(gateway.url, '/', { ...preferring, connection: 'close' })}`;
  const second = await upstream.asked(2);
  await until(
    async () => (await gateway.metric('weir_client_connections')) === 0,
    () => 'the client is still there',
  );
  second.response.end('still here');
  await ended(location);
  expect(await (await fetch(location)).text()).toBe('still here');
});

it('DELETE cancels what is pending, at the upstream too, and forgets what has ended', async () => {
  const { gateway, upstream } = await started('async: true');
  const location = `${gateway.url}${await handOver(gateway.url, '/')}`;
  const { isGone } = await upstream.asked(1);
  expect((await fetch(location, { method: 'DELETE' })).status).toBe(204);
  await until(isGone, () => 'the attempt goes on');
  expect(await statusOf(location)).toMatchObject({ code: 200, state: 'cancelled' });
  expect((await fetch(`${location}/result`)).status).toBe(410);
  expect((await fetch(location, { method: 'PUT' })).status).toBe(405);
  expect((await fetch(location, { method: 'DELETE' })).status).toBe(204);
  expect((await fetch(location)).status).toBe(404);
  expect(await gateway.metric('weir_jobs_running')).toBe(0);
  expect(await gateway.metric('weir_jobs_stored')).toBe(0);
  expect(await gateway.metric('weir_jobs_ended_total{state="cancelled"}')).toBe(1);
});

it('only the consumer that made a job may ask; to all others there is no such job', async () => {
  const consumers = `consumers: [{ id: a, keys: ["\${KEY_A}"] }, { id: b, keys: ["\${KEY_B}"] }]`;
  const { gateway, upstream } = await started('async: true, auth: [apiKey]', '', consumers);
  const a = { 'x-api-key': env.KEY_A };
  const b = { 'x-api-key': env.KEY_B };
  const location = `${gateway.url}${await handOver(gateway.url, '/', { ...preferring, ...a })}`;
  const held = await upstream.asked(1);
  expect((await fetch(location)).status).toBe(401);
  const told = async (url: string): Promise<unknown> => {
    const answer = await fetch(url, { headers: b });
    const { code, detail, title, hint } = (await answer.json()) as Record<string, string>;
    return { status: answer.status, code, detail, title, hint };
  };
  const foreign = await told(location);
  expect(foreign).toMatchObject({ status: 404, code: 'job_not_found' });
  // The same epoch, another secret.
  expect(await told(location.replace(/.{4}$/, '0000'))).toEqual(foreign);
  expect(await told(`${location}/result`)).toEqual(foreign);
  expect((await fetch(location, { method: 'DELETE', headers: b })).status).toBe(404);
  expect(held.isGone()).toBe(false);
  held.response.end('for a');
  await ended(location, a);
  expect(await told(`${location}/result`)).toEqual(foreign);
  expect(await (await fetch(`${location}/result`, { headers: a })).text()).toBe('for a');
});

it('a consumer is one together with who vouches for him: the same name by another issuer, or by a key, is another', async () => {
  const issuers = { one: 'https://one.example/', two: 'https://two.example/' };
  const jwt = (issuer: string): string => `jwt: { secret: "\${KEY_B}", issuer: "${issuer}" }`;
  const auth = `auth: [apiKey, { ${jwt(issuers.one)} }, { ${jwt(issuers.two)} }]`;
  const consumers = `consumers: [{ id: a, keys: ["\${KEY_A}"] }]`;
  const { gateway, upstream } = await started(`async: true, ${auth}`, '', consumers);
  const by = (iss: string) => ({ authorization: `Bearer ${token({ iss, sub: 'a', exp: Date.now() }, env.KEY_B)}` });
  const location = `${gateway.url}${await handOver(gateway.url, '/', { ...preferring, ...by(issuers.one) })}`;
  (await upstream.asked(1)).response.end('for a of one');
  await ended(location, by(issuers.one));
  for (const other of [by(issuers.two), { 'x-api-key': env.KEY_A }])
    expect((await fetch(`${location}/result`, { headers: other })).status).toBe(404);
  expect(await (await fetch(`${location}/result`, { headers: by(issuers.one) })).text()).toBe('for a of one');
});

/** A JSON Web Token (RFC 7519) under HS256. */
function token(claims: object, secret: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

it('the access log has a line for the 202 and one for the job, and never the secret part of an id', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-jobs-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const upstream = await holdingUpstream();
  cleanups.push(() => upstream.close());
  const file = join(folder, 'access.log');
  const gateway = await startGateway(`
gateway: { accessLog: { destination: "${file}" } }
upstreams: [{ id: app, targets: ["${upstream.url}"] }]
routes: [{ id: app, match: /*, async: true }]
`);
  cleanups.push(() => gateway.close());
  const location = await handOver(gateway.url, '/report');
  (await upstream.asked(1)).response.writeHead(203).end('12345');
  await ended(`${gateway.url}${location}`);
  await (await fetch(`${gateway.url}${location}/result`)).text();
  const read = (): Record<string, unknown>[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>); // The gateway's own lines.
  await until(
    () => read().some(({ path }) => String(path).endsWith('/result')),
    () => 'the last line is not written',
  );
  const [publicId = '', secret = ''] = location.split('/').at(-1)?.split('-') ?? [];
  const lines = read();
  const ofJob = lines.filter(({ job }) => job === publicId);
  expect(ofJob).toEqual([
    expect.objectContaining({ route: 'app', path: '/report', status: 202 }),
    expect.objectContaining({ route: 'app', path: '/report', status: 203, attempts: 1, response_bytes: 5 }),
  ]);
  expect(ofJob[0]).not.toHaveProperty('attempts');
  expect(ofJob[1]?.['id']).toBe(ofJob[0]?.['id']);
  const result = { route: '(jobs)', path: `/.weir/jobs/${publicId}-.../result`, status: 203, response_bytes: 5 };
  expect(lines).toContainEqual(expect.objectContaining(result));
  expect(secret).toHaveLength(32);
  expect(readFileSync(file, 'utf8')).not.toContain(secret);
});

describe('bounds', () => {
  it('of running jobs: above, a request goes on as if nobody had asked for a job', async () => {
    const { gateway, upstream } = await started('async: true', ', running: 1');
    await handOver(gateway.url, '/first');
    const second = fetch(`${gateway.url}/second`, { headers: preferring });
    await upstream.asked(2);
    await until(
      async () => (await gateway.metric('weir_jobs_refused_total{reason="busy"}')) === 1,
      () => 'it was not refused',
    );
    upstream.held.find(({ request }) => request.url === '/second')?.response.end('in person');
    expect([(await second).status, await (await second).text()]).toEqual([200, 'in person']);
  });

  it.each([
    ['kept', ', max: 4, running: 100, share: 0.25'],
    ['that run', ', running: 4, share: 0.25'],
  ])('of jobs %s of one consumer: others have theirs all the same', async (_what, bounds) => {
    const consumers = `consumers: [{ id: a, keys: ["\${KEY_A}"] }, { id: b, keys: ["\${KEY_B}"] }]`;
    const { gateway, upstream } = await started('async: true, auth: [apiKey]', bounds, consumers);
    const a = { ...preferring, 'x-api-key': env.KEY_A };
    await handOver(gateway.url, '/first', a);
    const second = fetch(`${gateway.url}/second`, { headers: a });
    await upstream.asked(2);
    await until(
      async () => (await gateway.metric('weir_jobs_refused_total{reason="share"}')) === 1,
      () => 'it was not refused',
    );
    await handOver(gateway.url, '/of-another', { ...preferring, 'x-api-key': env.KEY_B });
    upstream.held.find(({ request }) => request.url === '/second')?.response.end('in person');
    expect(await (await second).text()).toBe('in person');
  });

  it('of the wait of one that could not be handed over: its `total` ends it, and is counted', async () => {
    const { gateway } = await started('async: true, timeouts: { total: 500ms }', ', max: 1');
    await handOver(gateway.url, '/first');
    const second = await fetch(`${gateway.url}/second`, { headers: preferring });
    expect(await second.json()).toMatchObject({ code: 'total_timeout', timer: 'total', limitMs: 500 });
    expect(await gateway.metric('weir_jobs_refused_total{reason="full"}')).toBe(1);
    expect(await gateway.metric('weir_timers_fired_total{route="app",timer="total"}')).toBe(1);
  });

  it('of memory: a result that finds no room fails, and says so', async () => {
    const { gateway, upstream } = await started('async: true', ', memory: 1MiB');
    const location = `${gateway.url}${await handOver(gateway.url, '/')}`;
    (await upstream.asked(1)).response.end(Buffer.alloc(2 * 1024 * 1024));
    expect(await ended(location)).toMatchObject({ state: 'failed', failure: { code: 'job_store_full' } });
  });

  it('of time: what has expired is gone', async () => {
    const { gateway, upstream } = await started('async: true', ', keep: 200ms');
    const location = `${gateway.url}${await handOver(gateway.url, '/')}`;
    (await upstream.asked(1)).response.end('soon gone');
    await until(
      async () => (await fetch(location, { redirect: 'manual' })).status === 404,
      () => 'it is still there',
    );
    await until(
      async () => (await gateway.metric('weir_jobs_stored_bytes')) === 0,
      () => 'its bytes are still there',
    );
  });
});

it('a drain waits for jobs, and fails what is left: its count tells', async () => {
  const { gateway, upstream } = await started('async: true');
  await handOver(gateway.url, '/');
  const { isGone } = await upstream.asked(1);
  expect(await gateway.node.drain()).toEqual({ cut: 1 });
  await until(isGone, () => 'the upstream was not let go');
});
