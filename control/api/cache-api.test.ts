import { describe, expect, it } from 'vitest';
import type { CacheOperations, InspectOutcome, PurgeOutcome } from './cache-api.js';
import { buildAdminApi } from './server.js';
import { openAccess } from './testing/open-access.js';

const localhost = { host: 'localhost:9080' };

function setUp(purged: PurgeOutcome, inspected: InspectOutcome = { nodes: [], missing: [] }) {
  const asked: unknown[] = [];
  const cache: CacheOperations = {
    purge: async (request) => {
      asked.push(request);
      return purged;
    },
    inspect: async (request) => {
      asked.push(request);
      return inspected;
    },
  };
  const status = () => {
    throw new Error('nobody asks for it');
  };
  const server = buildAdminApi({ access: openAccess, listen: { host: '127.0.0.1', port: 9080 }, status, cache });
  const post = (url: string, payload: string | object, headers: Record<string, string> = {}) =>
    server.inject({ method: 'POST', url, headers: { ...localhost, ...headers }, payload });
  return { asked, post, server };
}

const ALL_OBEYED: PurgeOutcome = { obeyed: [{ node: 'node-7', ms: 0.4 }], missing: [] };

describe('a purge by the admin API', () => {
  it('is answered with who has obeyed, and how soon', async () => {
    const { asked, post } = setUp(ALL_OBEYED);
    const answer = await post('/cache/purge', { tags: ['a', 'b'], soft: true });
    expect([answer.statusCode, answer.json()]).toEqual([200, ALL_OBEYED]);
    expect(asked).toEqual([
      {
        targets: [
          { kind: 'tag', tag: 'a' },
          { kind: 'tag', tag: 'b' },
        ],
        isSoft: true,
      },
    ]);
  });

  it('is no success while one node has not obeyed, and names it', async () => {
    const outcome = { obeyed: [{ node: 'a', ms: 1 }], missing: [{ node: 'b', reason: 'did not answer within 2 s' }] };
    const answer = await setUp(outcome).post('/cache/purge', { all: true });
    expect(answer.statusCode).toBe(504);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({
      ...outcome,
      status: 504,
      detail: '1 of 2 nodes: b did not answer within 2 s.',
    });
  });

  it('that can not be read is told why, and asks no node', async () => {
    const { asked, post } = setUp(ALL_OBEYED);
    const answer = await post('/cache/purge', { tag: '' });
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { detail: 'A tag has 1 to 256 characters.' }]);
    expect((await post('/cache/purge', '{', { 'content-type': 'application/json' })).statusCode).toBe(400);
    expect(asked).toEqual([]);
  });

  it('may name as many tags as there may be, and no body is longer than that', async () => {
    const { post } = setUp(ALL_OBEYED);
    const tags = (length: number) => ({ tags: Array.from({ length: 256 }, (_, i) => `${i}`.padStart(length, 'x')) });
    expect((await post('/cache/purge', tags(256))).statusCode).toBe(200);
    expect((await post('/cache/purge', tags(600))).statusCode).toBe(413);
  });

  it('is not made by a page of another site: not by what a form can send, nor by a script', async () => {
    const { asked, post, server } = setUp(ALL_OBEYED);
    const json = JSON.stringify({ all: true });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      expect((await post('/cache/purge', json, { 'content-type': type })).statusCode).toBe(415);
    }
    const type = { 'content-type': 'application/json' };
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example']) {
      expect((await post('/cache/purge', json, { ...type, origin })).statusCode).toBe(403);
    }
    const foreign = await server.inject({
      method: 'POST',
      url: '/cache/purge',
      headers: { ...type, host: 'evil.example' },
      payload: json,
    });
    expect([foreign.statusCode, asked]).toEqual([421, []]);
    expect((await post('/cache/purge', json, { ...type, origin: 'http://localhost:9080' })).statusCode).toBe(200);
  });

  it('is not made by looking', async () => {
    const { asked, server } = setUp(ALL_OBEYED);
    const answer = await server.inject({ url: '/cache/purge?all=true', headers: localhost });
    expect([answer.statusCode, asked]).toEqual([404, []]);
  });
});

describe('an inspection by the admin API', () => {
  it('passes the request on, and tells what each node says', async () => {
    const inspection = {
      foretold: { kind: 'no-cache', route: 'r' },
      variants: [],
      isComplete: true,
      notStored: null,
    } as const;
    const outcome: InspectOutcome = { nodes: [{ node: 'a', inspection }], missing: [] };
    const { asked, post } = setUp(ALL_OBEYED, outcome);
    const answer = await post('/cache/inspect', { url: 'http://a.example/x' });
    expect([answer.statusCode, answer.json()]).toEqual([200, outcome]);
    expect(asked).toMatchObject([{ authority: 'a.example', path: '/x' }]);
    expect((await post('/cache/inspect', { url: '' })).statusCode).toBe(400);
  });

  it('says which node did not tell', async () => {
    const outcome: InspectOutcome = { nodes: [], missing: [{ node: 'a', reason: 'failed: a bug' }] };
    const answer = await setUp(ALL_OBEYED, outcome).post('/cache/inspect', { url: 'http://a.example/x' });
    expect([answer.statusCode, answer.json()]).toMatchObject([
      504,
      { ...outcome, detail: '1 of 1 node: a failed: a bug.' },
    ]);
  });
});
