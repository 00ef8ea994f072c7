/** Purges over real processes: `weir up` before an origin, told by the command line, the admin API and the method PURGE. */
import type { RequestListener } from 'node:http';
import type { ControlStatus } from '@weir/control/api/control-status.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askAdmin } from '../../support/admin.js';
import {
  buildFirst,
  cleanUp,
  freeAddress,
  LONG_MS,
  runWeir,
  startUpstream,
  startWeir,
  type WeirProcess,
  waitFor,
} from '../process/weir-process.js';

/** One for all tests: each begins with an origin that nobody has asked, and an empty cache. */
let weir: WeirProcess;
let origin: Origin;
beforeAll(async () => {
  await buildFirst();
  const upstream = await startUpstream((request, response) => origin.listener(request, response));
  // Port 0 would be another one when a node is started again.
  weir = await startWeir(configFor(upstream, await freeAddress()), KEYS);
}, 4 * LONG_MS);
beforeEach(async () => {
  origin = new Origin();
  expect((await purgeAll()).status).toBe(200);
});
afterAll(cleanUp);

/** Members of the tag that is purged; each is asked for over a socket. */
const MEMBERS = 2_000;
/** Requests at once. */
const AT_ONCE = 32;

/** Answers each URL with the version that the origin is at when it is asked, for an hour, and tagged. */
class Origin {
  version = 1;
  readonly asked: string[] = [];
  /** Requests to `/held…` wait until this is called. */
  release: () => void = () => {};
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  readonly listener: RequestListener = async (request, response) => {
    const url = request.url ?? '';
    this.asked.push(`${request.method} ${url}`);
    const body = `version ${this.version}`;
    if (url.startsWith('/held')) await this.#released;
    response.writeHead(200, {
      'cache-control': 'max-age=3600',
      'surrogate-key': `big item${url.replaceAll('/', '-')}`,
    });
    response.end(body);
  };
}

const configFor = (upstream: string, listen: string): string => `version: 1
gateway:
  listen: "${listen}"
  accessLog: false
  timeouts: { drain: 20s }
  cache: { purge: { consumers: ops } }
upstreams: [{ id: app, targets: ["${upstream}"] }]
consumers: [{ id: ops, keys: ["\${OPS_KEY}"] }, { id: mobile, keys: ["\${MOBILE_KEY}"] }]
routes:
  - { match: /*, cache: true }
  - { match: /pages/*, cache: { key: { query: { except: [utm_source] }, sort: true } } }
  - { match: /locked/*, cache: true, auth: apiKey }
  - { match: /plain/* }
`;

const KEYS = { OPS_KEY: 'ops-key-1', MOBILE_KEY: 'mobile-key-1' };

async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; body: string }> {
  const answer = await fetch(`${weir.traffic}${path}`, init);
  return { status: answer.status, body: await answer.text() };
}

const bodyOf = async (path: string): Promise<string> => (await ask(path)).body;

/** The bodies of all members, in their order. */
async function members(): Promise<string[]> {
  const bodies: string[] = [];
  for (let at = 0; at < MEMBERS; at += AT_ONCE) {
    const paths = Array.from({ length: Math.min(AT_ONCE, MEMBERS - at) }, (_, i) => `/item/${at + i}`);
    bodies.push(...(await Promise.all(paths.map((path) => bodyOf(path)))));
  }
  return bodies;
}

const purge = (...args: readonly string[]) => runWeir(['purge', ...args, '--admin', weir.admin], weir.folder);

const purgeAll = (): Promise<Response> =>
  askAdmin(`${weir.admin}/cache/purge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"all":true}',
  });

async function nodePid(): Promise<number> {
  const status = (await (await askAdmin(`${weir.admin}/status`)).json()) as ControlStatus; // Our own API of the same build.
  return status.nodes[0]?.pid ?? 0;
}

describe('a purge', { timeout: LONG_MS }, () => {
  it('of a tag with many members is acknowledged, and none of them is served after that', async () => {
    await members();
    expect(new Set(await members())).toEqual(new Set(['version 1']));
    expect(origin.asked).toHaveLength(MEMBERS);
    origin.version = 2;
    const done = await purge('--tag', 'big');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toMatch(
      /^purged: the node has obeyed\n {2}node-\d+ {2}[\d.]+ ms {2}obeyed\nin the log after [\d.]+ ms, confirmed after [\d.]+ ms\n$/,
    );
    expect(new Set(await members())).toEqual(new Set(['version 2']));
    expect(origin.asked).toHaveLength(2 * MEMBERS);
  });

  it('also means what is on its way when it comes, and who asks afterwards does not wait for that', async () => {
    const before = bodyOf('/held');
    await waitFor(() => origin.asked.length === 1);
    expect((await purge('--tag', 'big')).code).toBe(0);
    origin.version = 2;
    const after = bodyOf('/held');
    await waitFor(() => origin.asked.length === 2);
    origin.release();
    expect([await before, await after]).toEqual(['version 1', 'version 2']);
    expect(await bodyOf('/held')).toBe('version 2');
  });

  it('of a URL, a prefix and a host means these and nothing else', async () => {
    const paths = ['/a', '/b/1', '/b/2?x=1&y=2', '/c'];
    const all = () => Promise.all(paths.map((path) => bodyOf(path)));
    await all();
    const changed = async (version: number, ...args: readonly string[]): Promise<string[]> => {
      origin.version = version;
      expect((await purge(...args)).code).toBe(0);
      const bodies = await all();
      return paths.filter((_, i) => bodies[i] === `version ${version}`);
    };
    expect(await changed(2, '--url', `${weir.traffic}/a`)).toEqual(['/a']);
    expect(await changed(3, '--url', `${weir.traffic}/b/2?y=2&x=1`)).toEqual(['/b/2?x=1&y=2']);
    expect(await changed(4, '--prefix', `${weir.traffic}/b/`)).toEqual(['/b/1', '/b/2?x=1&y=2']);
    expect(await changed(5, '--host', 'elsewhere.example')).toEqual([]);
    expect(await changed(6, '--host', new URL(weir.traffic).hostname)).toEqual(paths);
    expect(await changed(7, '--all')).toEqual(paths);
    expect(await changed(8, '--tag', 'item-a', 'item-c')).toEqual(['/a', '/c']);
  });

  it('of a URL finds what is stored without the parameters that its route leaves out', async () => {
    await bodyOf('/pages/1?b=2&utm_source=mail&a=1');
    expect(await bodyOf('/pages/1?a=1&b=2&utm_source=web')).toBe('version 1');
    expect(origin.asked).toHaveLength(1);
    origin.version = 2;
    expect((await purge('--url', `${weir.traffic}/pages/1?a=1&b=2&utm_source=tv`)).code).toBe(0);
    expect(await bodyOf('/pages/1?a=1&b=2')).toBe('version 2');
  });

  it('is complete without a node that is stopped as soon as that can serve nothing of it, and it serves nothing of it', async () => {
    expect(await bodyOf('/a')).toBe('version 1');
    const pid = await nodePid();
    process.kill(pid, 'SIGSTOP');
    origin.version = 2;
    const { code, stdout } = await purge('--all');
    // The first thing that it does when it wakes.
    const body = bodyOf('/a');
    process.kill(pid, 'SIGCONT');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^purged: 0 of 1 nodes have obeyed, and the others can serve nothing of it\n {2}node-1 .*silent/,
    );
    expect(await body).toBe('version 2');
    await expect.poll(async () => (await purge('--all')).stdout, { timeout: LONG_MS }).toContain('the node has obeyed');
  });

  it('is in force when the node dies instead of answering: the next one has nothing stored', async () => {
    expect(await bodyOf('/a')).toBe('version 1');
    const pid = await nodePid();
    process.kill(pid, 'SIGSTOP');
    const purging = purgeAll();
    // Answered by the same process that has the order to send, and behind it.
    await fetch(`${weir.admin}/healthz`);
    process.kill(pid, 'SIGKILL');
    expect((await purging).status).toBe(200);
    origin.version = 2;
    await expect
      .poll(() => bodyOf('/a').catch(() => 'nobody there'), { timeout: LONG_MS, interval: 20 })
      .toBe('version 2');
  });
});

describe('the method PURGE', { timeout: LONG_MS }, () => {
  it('is for the consumers that may, and reaches no origin', async () => {
    const as = (key: string | undefined, method: string, headers: Record<string, string> = {}) =>
      ask('/locked/a', { method, headers: { ...(key === undefined ? {} : { 'x-api-key': key }), ...headers } });
    const { OPS_KEY, MOBILE_KEY } = KEYS;
    expect((await as(MOBILE_KEY, 'GET')).body).toBe('version 1');
    origin.version = 2;
    expect((await as(undefined, 'PURGE')).status).toBe(401);
    expect((await as(MOBILE_KEY, 'PURGE')).status).toBe(403);
    expect((await as(MOBILE_KEY, 'GET')).body).toBe('version 1');
    expect(await as(OPS_KEY, 'PURGE')).toEqual({ status: 200, body: '{"purged":"hard","nodes":["node-1"]}' });
    expect((await as(MOBILE_KEY, 'GET')).body).toBe('version 2');
    expect(origin.asked).toEqual(['GET /locked/a', 'GET /locked/a']);
  });

  it('is refused where nobody may, and passes where there is no cache', async () => {
    expect((await ask('/a', { method: 'PURGE' })).status).toBe(405);
    expect(origin.asked).toEqual([]);
    expect((await ask('/plain/a', { method: 'PURGE' })).status).toBe(200);
    expect(origin.asked).toEqual(['PURGE /plain/a']);
  });
});

describe('an inspection', { timeout: LONG_MS }, () => {
  it('tells what is stored and what a request would get, and changes nothing', async () => {
    const inspect = (path: string, ...args: readonly string[]) =>
      runWeir(['cache', 'inspect', `${weir.traffic}${path}`, ...args, '--admin', weir.admin], weir.folder);
    const before = await inspect('/pages/1');
    expect([before.code, before.stdout]).toMatchObject([3, expect.stringContaining('nothing is stored for this URL')]);
    await bodyOf('/pages/1?utm_source=mail');
    const { code, stdout } = await inspect('/pages/1?utm_source=web');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *node-\d+: hit on route pages/m);
    expect(stdout).toContain('(by max-age)');
    expect(stdout).toContain('tags      big item-pages-1?utm_source=mail');
    expect((await inspect('/pages/1', '--header', 'cache-control: no-store')).stdout).toContain('goes past the cache');
    expect((await inspect('/plain/1')).stdout).toContain('has no cache');
    expect((await purge('--all', '--soft')).stdout).toMatch(/^stale: the node has obeyed/);
    expect((await inspect('/pages/1')).stdout).toContain('soft: stale since then');
  });
});
