import { failure } from '@weir/proto/http/failures.js';
import { describe, expect, it } from 'vitest';
import { setUpLayer } from '../testing/layer-cache.js';

const FRESH = ['cache-control', 'max-age=60'];
const KB = 1_000;
/** As the layer is set up. */
const WRITING_BYTES = 1_000 * KB;

function setUp() {
  const layer = setUpLayer();
  const { send, call, upstream, node } = layer;
  /** A client that reads nothing, and has the upstream asked for a body of this length. */
  const slowly = (bytes: number) => {
    const sent = send({ headers: ['cache-control', 'no-cache'] });
    sent.handler.open = false;
    const asked = call(upstream.calls.length - 1);
    asked.head(200, FRESH, bytes);
    for (let left = bytes; left > 0; left -= 100 * KB) asked.data('x'.repeat(Math.min(left, 100 * KB)));
    asked.complete();
    return sent;
  };
  const readOn = ({ handler }: ReturnType<typeof slowly>): void => {
    handler.open = true;
    handler.head?.resume();
  };
  const counts = (): readonly number[] => [node.counts().writingBytes, node.counts().heldBytes];
  return { ...layer, slowly, readOn, counts };
}

describe('bodies that slow clients hold', () => {
  it('count until they were read, when others have taken their place, and nothing is stored beyond the bound', () => {
    const { slowly, readOn, counts, notStored, node, send } = setUp();
    const slow = Array.from({ length: 5 }, () => slowly(300 * KB));
    // One is kept; three others, and there is no room for a fourth beside a new one.
    expect([counts(), notStored]).toEqual([[0, 900 * KB], ['no-room']]);
    for (const { handler } of slow.slice(0, 4)) expect(handler.text().length).toBe(100 * KB);
    for (const sent of slow.slice(0, 4)) readOn(sent);
    expect(counts()).toEqual([0, 0]);
    for (const { handler } of slow.slice(0, 4))
      expect([handler.text().length, handler.ended]).toEqual([300 * KB, true]);
    expect([send().result(), node.counts().entries]).toEqual(['hit', 1]);
  });

  it('count no longer when they have left', () => {
    const { slowly, counts } = setUp();
    const slow = [slowly(300 * KB), slowly(300 * KB)];
    expect(counts()).toEqual([0, 300 * KB]);
    for (const { cancel } of slow) cancel();
    expect(counts()).toEqual([0, 0]);
  });

  it('count once, however many read them, and also when a purge has taken them', () => {
    const { slowly, counts, send, node } = setUp();
    const first = slowly(300 * KB);
    const others = Array.from({ length: 10 }, () => {
      const sent = send({ headers: ['range', 'bytes=0-'] });
      expect(sent.result()).toBe('hit');
      return sent;
    });
    node.purge({ kind: 'all' }, false);
    expect(send().result()).toBe('miss');
    expect(counts()[1]).toBe(300 * KB);
    for (const { cancel } of [first, ...others]) cancel();
    expect(counts()[1]).toBe(0);
  });

  it('count as being written when the answer broke off, and what never came does not', () => {
    const { send, call, counts } = setUp();
    const slow = send();
    slow.handler.open = false;
    call(0).head(200, FRESH, 900 * KB);
    call(0).data('x'.repeat(100 * KB));
    call(0).data('x'.repeat(100 * KB));
    expect(counts()).toEqual([900 * KB, 0]);
    call(0).fail(failure('response_incomplete', 'it broke off'));
    expect(counts()).toEqual([200 * KB, 0]);
    slow.handler.open = true;
    slow.handler.head?.resume();
    expect([counts(), slow.handler.failure?.code]).toEqual([[0, 0], 'response_incomplete']);
  });

  it('count less as they are read, when the answer is longer than is stored', () => {
    const { send, call, counts } = setUpSmall();
    const slow = send();
    slow.handler.open = false;
    call(0).head(200, FRESH);
    for (let i = 0; i < 4; i += 1) call(0).data('x'.repeat(100 * KB));
    expect(counts()).toEqual([200 * KB, 0]);
    slow.handler.head?.resume();
    expect(call(0).data('y')).toBe(false);
    expect(counts()).toEqual([100 * KB, 0]);
    slow.cancel();
    expect(counts()).toEqual([0, 0]);
  });

  it('are read on from where the client was, by all from one copy', () => {
    const { send, call } = setUp();
    const slow = send();
    const part = send();
    for (const { handler } of [slow, part]) handler.open = false;
    call(0).head(200, FRESH);
    for (const text of ['ab', 'cd', 'ef']) call(0).data(text);
    slow.handler.head?.resume();
    call(0).complete();
    for (const { handler } of [slow, part]) {
      handler.open = true;
      handler.head?.resume();
      expect([handler.text(), handler.ended]).toEqual(['abcdef', true]);
    }
  });
});

function setUpSmall() {
  const layer = setUpLayer({ bodyBytesMax: WRITING_BYTES * 0.3 });
  const counts = (): readonly number[] => [layer.node.counts().writingBytes, layer.node.counts().heldBytes];
  return { ...layer, counts };
}
