import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { setUpLayer } from './testing/layer-cache.js';

const refused = failure('connection_refused', 'nobody listens');
const HEADERS = ['cache-control', 'max-age=60, stale-if-error=600', 'etag', '"1"'];

/** A layer that has stored /a, and whose gate is then closed. */
function closed(spec: Parameters<typeof setUpLayer>[0] = {}) {
  const layer = setUpLayer(spec);
  layer.send();
  layer.call(0).answer(200, HEADERS, 'body');
  let isOpen = false;
  layer.node.gate.use(() => isOpen);
  const open = (): void => {
    isOpen = true;
  };
  return { ...layer, open };
}

describe('a cache whose gate is closed', () => {
  it('asks the origin whether a fresh copy still holds, and serves it when that says so', () => {
    const { send, call, upstream, node } = closed();
    const one = send();
    expect(upstream.calls).toHaveLength(2);
    expect(call(1).request.headers).toContain('if-none-match');
    call(1).answer(304, HEADERS);
    expect(one.handler.text()).toBe('body');
    expect(one.result()).toBe('revalidated');
    expect(node.counts().withheld).toBe(1);
  });

  it('lets no copy stand in for a failure, however long it may', () => {
    const { send, call } = closed();
    const one = send();
    call(1).fail(refused);
    expect(one.handler.failure?.code).toBe('connection_refused');
  });

  it('lets no copy stand in that was found before it closed', () => {
    const { send, call, node, clock } = setUpLayer();
    node.gate.use(() => clock.nowMs() < 100_000);
    send();
    call(0).answer(200, ['cache-control', 'max-age=1, stale-if-error=600'], 'body');
    clock.advance(98_000);
    const one = send();
    clock.advance(2_000);
    call(1).fail(refused);
    expect(one.handler.failure?.code).toBe('connection_refused');
  });

  it('has each wait for an answer of its own', () => {
    const { send, upstream } = closed();
    for (const path of ['/a', '/a', '/b', '/b']) send({ path });
    expect(upstream.calls).toHaveLength(5);
  });

  it('has nothing for whoever wants nothing but what is stored', () => {
    const { send } = closed();
    const one = send({ headers: ['cache-control', 'only-if-cached'] });
    expect(one.handler.failure?.code).toBe('not_cached');
  });

  it('goes on as before when it opens again, with what was stored meanwhile', () => {
    const { send, call, open, upstream } = closed();
    send({ path: '/b' });
    call(1).answer(200, HEADERS, 'other');
    open();
    expect([send().handler.text(), send({ path: '/b' }).handler.text()]).toEqual(['body', 'other']);
    expect(upstream.calls).toHaveLength(2);
  });
});
