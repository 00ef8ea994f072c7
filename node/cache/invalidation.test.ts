import { describe, expect, it } from 'vitest';
import type { RequestBody } from '../pipeline/dispatch.js';
import type { Ask } from './ask.js';
import { invalidatedBy } from './invalidation.js';
import { setUpLayer } from './testing/layer-cache.js';
import { makeCacheSpec } from './testing/specs.js';

const bare: Ask = {
  ...{ method: 'POST', scheme: 'http', authority: 'a.example', path: '/x', query: 'q=1', hasBody: true },
  ...{ headers: [], consumerId: null },
};
const own = { authority: 'a.example', path: '/x', query: 'q=1' };

describe('a change', () => {
  it.each<[string, Partial<Ask>, number, readonly string[], boolean, readonly unknown[]]>([
    ['of its own URL', {}, 200, [], false, [own]],
    ['of what Location names as well', {}, 201, ['location', '/y?z'], false, [own, { ...own, path: '/y', query: 'z' }]],
    ['of nothing of another origin', {}, 201, ['location', 'http://b.example/y'], false, [own]],
    ['of nothing when it failed', {}, 409, [], false, []],
    ['of nothing by a safe method', { method: 'GET' }, 200, [], false, []],
    ['of nothing that a POST asks for there', {}, 200, [], true, []],
    ['of what Location names there', {}, 201, ['location', '/y'], true, [{ ...own, path: '/y', query: '' }]],
    ['of its own URL by another method there', { method: 'PUT' }, 200, [], true, [own]],
  ])('is one %s', (_name, ask, status, headers, asksByPost, urls) => {
    expect(invalidatedBy({ ...bare, ...ask }, status, headers, asksByPost)).toEqual(urls);
  });

  it('of a service is one below its base path alone, whatever its answers name', () => {
    const of = (location: string, below = '/red') =>
      invalidatedBy({ ...bare, path: '/red/x' }, 201, ['location', location], true, below).map(({ path }) => path);
    expect(of('/red/y')).toEqual(['/red/y']);
    expect(of('y')).toEqual(['/red/y']);
    expect(of('/red')).toEqual(['/red']);
    for (const other of ['/blue/x', '/redder/x', '../blue/x', '/red/../blue/x', '/red/%2e%2e/blue/x', '/'])
      expect(of(other)).toEqual([]);
    expect(of('/blue/x', '/')).toEqual(['/blue/x']);
  });

  it('by a client takes no place from the purges of operators, however many there are', () => {
    const { send, call, node, upstream } = setUpLayer();
    send();
    call(0).answer(200, ['cache-control', 'max-age=60'], 'old');
    for (let i = 0; i < 500; i += 1) {
      send({ method: 'PUT', query: i === 499 ? '' : `i=${i}` });
      call(upstream.calls.length - 1).answer(204, [], '');
    }
    expect([node.counts().marks, node.counts().purges]).toEqual([0, 500]);
    const asked = upstream.calls.length;
    send();
    expect(upstream.calls.length).toBe(asked + 1);
  });

  it('is no POST that goes past the cache where answers to POST are stored', () => {
    const body = { bytesMax: 100, members: [] };
    const { send, call, upstream } = setUpLayer({ key: { ...makeCacheSpec().key, body } });
    const post = (text: string, headers: readonly string[] = []) =>
      send({ method: 'POST', body: bodyOf(text), headers: [...headers] });
    post('a');
    call(0).answer(200, ['cache-control', 'max-age=60'], 'A');
    post('b', ['cache-control', 'no-store']);
    call(1).answer(200, [], 'B');
    expect(post('a').handler.text()).toBe('A');
    expect(upstream.calls).toHaveLength(2);
  });
});

function bodyOf(text: string): RequestBody {
  return {
    lengthBytes: text.length,
    read: (sink) => {
      sink.onChunk(new TextEncoder().encode(text));
      sink.onEnd();
    },
    pause: () => {},
    resume: () => {},
  };
}
