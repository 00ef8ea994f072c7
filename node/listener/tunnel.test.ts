import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fakePeer } from '../pipeline/testing/fake-peer.js';
import { joinTunnel, passedOn } from './tunnel.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function open() {
  const client = fakePeer();
  const upstream = fakePeer();
  let ends = 0;
  const tunnel = joinTunnel(client, upstream, () => {
    ends += 1;
  });
  return { client, upstream, tunnel, ends: () => ends };
}

test('messages and pings pass both ways, and the pong of the client', () => {
  const { client, upstream } = open();
  client.events.onMessage(bytes('up'), false);
  client.events.onPing(bytes('p'));
  client.events.onPong(bytes('q'));
  upstream.events.onMessage(bytes('down'), true);
  upstream.events.onPing(bytes('r'));
  upstream.events.onPong(bytes('s'));
  expect([client.log, upstream.log]).toEqual([
    ['send down', 'ping r'],
    ['send up', 'ping p', 'pong q'],
  ]);
  expect([upstream.received[0]?.isBinary, client.received[0]?.isBinary]).toEqual([false, true]);
});

test('a full end pauses the other one until it has drained', () => {
  const { client, upstream } = open();
  upstream.open = false;
  client.events.onMessage(bytes('1'), false);
  expect([client.paused, upstream.paused]).toEqual([true, false]);
  upstream.events.onDrain();
  expect(client.paused).toBe(false);
  client.open = false;
  upstream.events.onMessage(bytes('2'), false);
  expect([client.paused, upstream.paused]).toEqual([false, true]);
  client.events.onDrain();
  expect(upstream.paused).toBe(false);
});

test('a close passes on with its code, and the tunnel ends once', () => {
  const { client, upstream, ends } = open();
  client.events.onClose(4001, 'bye');
  upstream.events.onClose(4001, 'bye');
  upstream.events.onMessage(bytes('late'), false);
  expect([upstream.log, client.log, ends()]).toEqual([['close 4001 bye'], [], 1]);
});

test('an end that is lost means 1001 to the upstream and 1011 to the client', () => {
  const first = open();
  first.client.events.onClose(1006, '');
  expect(first.upstream.log).toEqual(['close 1001 the client is gone']);
  const second = open();
  second.upstream.events.onClose(1006, '');
  expect(second.client.log).toEqual(['close 1011 the upstream is gone']);
});

test('a close without a code is 1000 to the other end', () => {
  const { client, upstream } = open();
  client.events.onClose(1005, '');
  expect(upstream.log).toEqual(['close 1000']);
});

test('closing or dropping the tunnel reaches both ends, once', () => {
  const { client, upstream, tunnel, ends } = open();
  tunnel.close(1001, 'drain');
  tunnel.terminate();
  client.events.onClose(1001, '');
  expect([client.log, upstream.log, ends()]).toEqual([['close 1001 drain'], ['close 1001 drain'], 1]);
  const other = open();
  other.tunnel.terminate();
  expect([other.client.log, other.upstream.log, other.ends()]).toEqual([['terminate'], ['terminate'], 1]);
});

test('no code is passed on that RFC 6455 forbids to send', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 70_000 }), fc.constantFrom(1001, 1011), (code, lost) => {
      const [sent] = passedOn(code, '', lost);
      expect([1004, 1005, 1006, 1015]).not.toContain(sent);
      expect((sent >= 1000 && sent <= 1014) || (sent >= 3000 && sent <= 4999)).toBe(true);
      if (code >= 3000 && code <= 4999) expect(sent).toBe(code);
    }),
  );
});

test('whatever happens in whatever order, each end is told to close at most once, and the tunnel ends once', () => {
  const event = fc.constantFrom(
    'client closes',
    'upstream closes',
    'client lost',
    'upstream lost',
    'close',
    'drop',
    'message',
  );
  fc.assert(
    fc.property(fc.array(event, { size: 'max', maxLength: 20 }), (happenings) => {
      const { client, upstream, tunnel, ends } = open();
      for (const happening of happenings) {
        if (happening === 'client closes') client.events.onClose(1000, '');
        else if (happening === 'upstream closes') upstream.events.onClose(1000, '');
        else if (happening === 'client lost') client.events.onClose(1006, '');
        else if (happening === 'upstream lost') upstream.events.onClose(1006, '');
        else if (happening === 'close') tunnel.close(1001, '');
        else if (happening === 'drop') tunnel.terminate();
        else client.events.onMessage(bytes('m'), false);
      }
      const closes = (log: readonly string[]) => log.filter((entry) => /^(close|terminate)/.test(entry)).length;
      expect(closes(client.log)).toBeLessThanOrEqual(1);
      expect(closes(upstream.log)).toBeLessThanOrEqual(1);
      expect(ends()).toBe(happenings.some((happening) => happening !== 'message') ? 1 : 0);
    }),
  );
});
