import { createServer, type Server } from 'node:http';
import type { CacheInspection, StoredVariant } from '@weir/proto/events/cache.js';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PurgeSteps } from '../api/cache-api.js';
import { registerCache } from './cache.js';
import { registerPurge, showPurge } from './purge.js';
import { showInspection } from './show-cache.js';
import { paintFor } from './terminal.js';

const plain = paintFor(false, {});
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('what a purge did', () => {
  it('is told node by node', () => {
    const obeyed = [
      { node: 'node-7', ms: 0.41 },
      { node: 'node-12', ms: 12 },
    ];
    expect(showPurge({ obeyed, missing: [] }, false, plain)).toBe(
      'purged: all 2 nodes have obeyed\n  node-7   0.41 ms  obeyed\n  node-12  12 ms    obeyed\n',
    );
    expect(showPurge({ obeyed: obeyed.slice(0, 1), missing: [] }, true, plain)).toBe(
      'stale: the node has obeyed\n  node-7  0.41 ms  obeyed\n',
    );
  });

  it('is told step by step, where it came to them', () => {
    const outcome = { obeyed: [{ node: 'a', ms: 4.2 }], missing: [] };
    const steps = { redisMs: 0.2, logMs: 2.1, confirmedMs: 3.5 };
    const lines = (given: PurgeSteps): string | undefined =>
      showPurge({ ...outcome, steps: given }, false, plain).split('\n')[2];
    expect(lines(steps)).toBe('Redis told after 0.2 ms, in the log after 2.1 ms, confirmed after 3.5 ms');
    expect(lines({ ...steps, confirmedMs: null })).toMatch(/ after 2.1 ms, never confirmed$/);
    expect(lines({ ...steps, redisMs: null })).toBe('in the log after 2.1 ms, confirmed after 3.5 ms');
  });

  it('says of whom nothing is known yet', () => {
    const obeyed = [{ node: 'node-7', ms: 1 }];
    expect(showPurge({ obeyed, missing: [], later: 'Others hear later.' }, false, plain)).toBe(
      'purged: the node has obeyed\n  node-7  1 ms  obeyed\nOthers hear later.\n',
    );
  });

  it('names who was silent until it could serve nothing of it, and says where nothing is stored', () => {
    const outcome = { obeyed: [{ node: 'a', ms: 1 }], missing: [], lapsed: [{ node: 'b', ms: 10_041 }] };
    expect(showPurge(outcome, false, plain)).toBe(
      'purged: 1 of 2 nodes have obeyed, and the others can serve nothing of it\n' +
        '  a  1 ms      obeyed\n  b  10041 ms  silent: its lease has run out, so it serves nothing of it\n',
    );
    expect(showPurge({ obeyed: [], missing: [] }, false, plain)).toBe('purged: no node has anything stored\n');
  });

  it('names who did not obey, and shows no control characters', () => {
    const missing = [{ node: 'b\u001b[2J', reason: 'did not answer within 2 s' }];
    expect(showPurge({ obeyed: [{ node: 'a', ms: 1 }], missing }, false, plain)).toBe(
      'not purged everywhere: 1 of 2 nodes did not obey\n  a         1 ms  obeyed\n  b\\x1b[2J  -     not: it did not answer within 2 s\n',
    );
  });
});

const variant: StoredVariant = {
  route: 'shop',
  url: 'a.example/x?',
  status: 200,
  ageS: 12,
  freshS: 48,
  freshBy: 'max-age',
  alwaysAsks: false,
  staleWhileRevalidateS: 0,
  staleIfErrorS: 3600,
  bodyBytes: 5,
  bytes: 1500,
  contentType: 'text/html',
  etag: '"1"',
  part: null,
  vary: ['accept-language'],
  tags: ['t1', 't2'],
  purged: 'no',
};
const inspected = (more: Partial<CacheInspection>): CacheInspection => ({
  foretold: { kind: 'hit', route: 'shop', isStale: false, refreshes: false },
  variants: [],
  isComplete: true,
  notStored: null,
  ...more,
});
const shown = (...inspections: readonly CacheInspection[]) =>
  showInspection(
    'http://a.example/x',
    { nodes: inspections.map((inspection) => ({ node: 'n', inspection })), missing: [] },
    NOW,
    plain,
  );

describe('an inspection', () => {
  it('tells what a request would get, and each variant with its age, its source of freshness and its tags', () => {
    expect(shown(inspected({ variants: [variant] }))).toBe(`http://a.example/x
n: hit on route shop
  200 text/html 5 B on shop, 12.0 s old, fresh for 48.0 s (by max-age)
    url       a.example/x?
    etag      "1"
    vary      accept-language
    tags      t1 t2
    stale     may be used 1 h 0 min for an upstream that fails or is slow
`);
  });

  it('says why something is not stored, and when that was seen', () => {
    const notStored = { why: 'set-cookie', status: 200, atWallMs: NOW - 3_000 };
    expect(shown(inspected({ foretold: { kind: 'ask', route: 'shop', reason: 'uri-miss' }, notStored }))).toBe(
      `http://a.example/x
n: the upstream of route shop is asked: nothing is stored for this URL
  nothing is stored
  not stored, 3.0 s ago: an answer of 200, since it sets a cookie (cache.setCookie)
`,
    );
  });

  it.each([
    [{ variants: [{ ...variant, freshS: -2, purged: 'soft' as const }] }, 'stale since 2.0 s (by max-age)'],
    [{ variants: [{ ...variant, purged: 'hard' as const }] }, '12.0 s old, purged, not reclaimed yet'],
    [{ variants: [{ ...variant, alwaysAsks: true }] }, 'never used without asking (no-cache)'],
    [{ isComplete: false }, 'there may be more'],
    [{ foretold: { kind: 'no-route' as const } }, 'no route takes such a request'],
    [{ foretold: { kind: 'no-cache' as const, route: 'r' } }, 'route r has no cache'],
    [{ foretold: { kind: 'bypass' as const, route: 'r', reason: 'method' } }, 'past the cache of route r'],
    [
      { foretold: { kind: 'hit' as const, route: 'r', isStale: true, refreshes: true } },
      'stale copy on route r, and ref',
    ],
    [{ foretold: { kind: 'unavailable' as const, route: 'r' } }, '504 on route r'],
  ])('%j is told in words', (more, words) => expect(shown(inspected(more))).toContain(words));
});

describe('the commands', () => {
  let server: Server;
  let admin: string;
  let received: unknown[];
  let answer: { status: number; body: object };
  let out: string;
  let err: string;

  beforeEach(async () => {
    [received, out, err] = [[], '', ''];
    server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      request.on('end', () => {
        received.push([request.method, request.url, request.headers['content-type'], JSON.parse(text)]);
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    admin = typeof address === 'object' ? `127.0.0.1:${address?.port}` : '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += String(text);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += String(text);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = 0;
    server.close();
  });

  async function run(...args: readonly string[]): Promise<typeof process.exitCode> {
    const program = new Command('weir').exitOverride();
    registerPurge(program);
    registerCache(program);
    await program.parseAsync(['node', 'weir', ...args, '--admin', admin]);
    return process.exitCode;
  }

  const ALL_OBEYED = { obeyed: [{ node: 'a', ms: 1 }], missing: [] };

  it('send what was meant, and nothing else', async () => {
    answer = { status: 200, body: ALL_OBEYED };
    expect(await run('purge', '--tag', 'a', 'b', '--url', 'http://x/y', '--soft')).toBe(0);
    expect(received).toEqual([
      ['POST', '/cache/purge', 'application/json', { tag: ['a', 'b'], url: ['http://x/y'], soft: true }],
    ]);
    expect(out).toBe('stale: the node has obeyed\n  a  1 ms  obeyed\n');
  });

  it('end with 3 when not all nodes have obeyed, and with 1 when it is not clear what was meant', async () => {
    const missing = [{ node: 'b', reason: 'did not answer within 2 s' }];
    answer = { status: 504, body: { obeyed: [], missing, detail: 'x' } };
    expect(await run('purge', '--all')).toBe(3);
    expect(out).toContain('not: it did not answer within 2 s');
    answer = { status: 400, body: { detail: 'It is not said what to purge.' } };
    expect(await run('purge')).toBe(1);
    expect(err).toBe('weir: It is not said what to purge.\n');
  });

  it('print the answer as it is where that is asked for', async () => {
    answer = { status: 200, body: ALL_OBEYED };
    await run('purge', '--all', '--json');
    expect([out, err]).toEqual([`${JSON.stringify(ALL_OBEYED)}\n`, '']);
  });

  it('say when it is not the admin API that answers, or nobody does', async () => {
    answer = { status: 404, body: {} };
    expect(await run('purge', '--all')).toBe(1);
    expect(err).toContain("answers 404, which is not Weir's admin API");
    server.close();
    server.closeAllConnections();
    expect(await run('cache', 'inspect', 'http://x/y')).toBe(1);
    expect(err).toContain('nothing answers at');
  });

  it('inspect with the fields and the consumer of a request, and end with 0 where something is stored', async () => {
    answer = {
      status: 200,
      body: { nodes: [{ node: 'a', inspection: inspected({ variants: [variant] }) }], missing: [] },
    };
    const fields = ['--header', 'Accept: a/b', '--header', 'x-a: b:c', '--consumer', 'mobile'];
    expect(await run('cache', 'inspect', 'http://x/y', ...fields)).toBe(0);
    const headers = { accept: 'a/b', 'x-a': 'b:c' };
    const sent = { url: 'http://x/y', method: 'GET', headers, consumer: 'mobile' };
    expect(received).toEqual([['POST', '/cache/inspect', 'application/json', sent]]);
    answer = { status: 200, body: { nodes: [{ node: 'a', inspection: inspected({}) }], missing: [] } };
    expect(await run('cache', 'inspect', 'http://x/y')).toBe(3);
  });

  it('inspect as a consumer of a token, who is another one than ours of the same name', async () => {
    answer = { status: 200, body: { nodes: [], missing: [] } };
    await run('cache', 'inspect', 'http://x/y', '--consumer', 'alice', '--vouched-by', 'issuer https://id.example');
    const sent = expect.objectContaining({ consumer: '["alice","issuer https://id.example"]' });
    expect(received).toEqual([['POST', '/cache/inspect', 'application/json', sent]]);
  });
});
