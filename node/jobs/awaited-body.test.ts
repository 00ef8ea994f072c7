import { failure } from '@weir/proto/http/failures.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestBody } from '../pipeline/dispatch.js';
import { fakeBody } from '../pipeline/testing/harness.js';
import { createHeldBytes } from '../upstream/retry/held-bytes.js';
import { AwaitedBody, GATHER_BYTES_MAX } from './awaited-body.js';

function readAll(body: RequestBody): string[] {
  const read: string[] = [];
  body.read({
    onChunk: (chunk) => void read.push(new TextDecoder().decode(chunk)),
    onEnd: () => void read.push('.'),
    onError: ({ code }) => void read.push(code),
  });
  return read;
}

type Step = 'push' | 'gather' | 'read';

describe('a body that is awaited', () => {
  it('reaches its reader whole and in order, whenever it comes, is gathered and is read', () => {
    const steps = fc.array(fc.constantFrom<Step>('push', 'gather', 'read'), { size: 'max', maxLength: 30 });
    fc.assert(
      fc.property(steps, fc.boolean(), (order, breaks) => {
        const source = fakeBody();
        const held = createHeldBytes();
        const body = new AwaitedBody(source, held);
        const sent: string[] = [];
        let read: string[] | null = null;
        for (const one of order) {
          if (one === 'gather') body.gather();
          else if (one === 'read') read ??= readAll(body);
          else {
            sent.push(String(sent.length));
            source.push(String(sent.length - 1));
          }
        }
        const wasRead = read !== null;
        if (breaks) source.fail(failure('client_gone', 'gone'));
        else source.end();
        read ??= readAll(body);
        // Of one that broke off, what was not read by then is of no use.
        if (!breaks) expect(read).toEqual([...sent, '.']);
        else if (wasRead) expect(read).toEqual([...sent, 'client_gone']);
        else expect(read.at(-1)).toBe('client_gone');
        expect([body.isWhole, held.bytes]).toEqual([!breaks, 0]);
      }),
    );
  });

  it('holds its source back at the bound, or where the node holds too much, and goes on for its reader', () => {
    for (const [room, bytes] of [
      [GATHER_BYTES_MAX * 2, GATHER_BYTES_MAX + 1],
      [10, 11],
    ] as const) {
      const source = fakeBody();
      const held = createHeldBytes(room);
      const body = new AwaitedBody(source, held);
      body.gather();
      source.push('x'.repeat(bytes - 1));
      expect([source.paused, held.bytes]).toEqual([false, bytes - 1]);
      source.push('xx');
      expect([source.paused, body.isWhole]).toEqual([true, false]);
      const read = readAll(body);
      expect([source.paused, held.bytes, read.join('').length]).toEqual([false, 0, bytes + 1]);
    }
  });

  it('keeps nothing once the exchange is over', () => {
    const source = fakeBody();
    const held = createHeldBytes();
    const body = new AwaitedBody(source, held);
    body.gather();
    source.push('before');
    body.release();
    source.push('after');
    expect(held.bytes).toBe(0);
  });
});
