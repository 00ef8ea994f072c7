import type { HttpResponse } from 'uWebSockets.js';
import { describe, expect, it } from 'vitest';
import { PeerAddresses } from './peer-addresses.js';

/** What the library knows of one connection, and how often it was asked. */
function connection(...bytes: readonly number[]) {
  const asked = { times: 0 };
  const res = {
    getRemoteAddress: () => {
      asked.times += 1;
      return new Uint8Array(bytes).buffer;
    },
  } as unknown as HttpResponse; // Nothing else of it is used.
  return { res, asked };
}

describe('addresses of peers', () => {
  it('are asked for at each request where open connections differ in them', () => {
    const peers = new PeerAddresses();
    const [a, b] = [connection(10, 0, 0, 1), connection(10, 0, 0, 2)];
    expect([peers.accepted(a.res, 1), peers.accepted(b.res, 2)]).toEqual(['10.0.0.1', '10.0.0.2']);
    expect([peers.of(a.res), peers.of(b.res), peers.of(a.res)]).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1']);
  });

  it('are known without asking while all open connections have the same one', () => {
    const peers = new PeerAddresses();
    const [a, b] = [connection(10, 0, 0, 1), connection(10, 0, 0, 1)];
    peers.accepted(a.res, 1);
    peers.accepted(b.res, 2);
    expect([peers.of(a.res), peers.of(b.res)]).toEqual(['10.0.0.1', '10.0.0.1']);
    expect([a.asked.times, b.asked.times]).toEqual([1, 1]);
  });

  it('stay unsure until no connection of before is left, since nobody says which one has closed', () => {
    const peers = new PeerAddresses();
    const [a, b, c] = [connection(10, 0, 0, 1), connection(10, 0, 0, 2), connection(10, 0, 0, 3)];
    peers.accepted(a.res, 1);
    peers.accepted(b.res, 2);
    // One of both has closed, and another one came.
    peers.accepted(b.res, 2);
    expect([peers.of(a.res), peers.of(b.res)]).toEqual(['10.0.0.1', '10.0.0.2']);
    // All have closed.
    peers.accepted(c.res, 1);
    expect(peers.of(c.res)).toBe('10.0.0.3');
    expect(c.asked.times).toBe(1);
  });

  it('trust nothing where one was gone before it could be asked', () => {
    const peers = new PeerAddresses();
    const [a, gone] = [connection(10, 0, 0, 1), connection()];
    peers.accepted(a.res, 1);
    expect(peers.accepted(gone.res, 2)).toBe('');
    expect([peers.of(gone.res), peers.of(a.res)]).toEqual(['', '10.0.0.1']);
  });
});
