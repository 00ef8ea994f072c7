import type { GatewaySpec, ListenerTlsSpec } from '@weir/proto/snapshot/gateway.js';
import { describe, expect, it } from 'vitest';
import { makeGateway } from '../pipeline/testing/specs.js';
import { KeptListener } from './kept-listener.js';
import type { BoundAddress, Listener } from './listener.js';

/** A listener that writes down what it is told. */
function telling(scheme: BoundAddress['scheme'] = 'https') {
  const told: unknown[] = [];
  const faults = { start: '', certificates: '' };
  const listener: Listener = {
    ...{ connections: 3, exchanges: 2, oldestExchangeAtMs: 7, tunnels: 0, certificates: [] },
    async start() {
      if (faults.start !== '') throw new Error(faults.start);
      return { scheme, host: '127.0.0.1', port: 8080 };
    },
    update: (gateway) => told.push(['update', gateway]),
    reloadCertificates(tls) {
      told.push(['certificates', tls]);
      if (faults.certificates !== '') throw new Error(faults.certificates);
    },
    drain: async (limitMs) => ({ cut: limitMs }),
    close: () => told.push('close'),
  };
  const made: GatewaySpec[] = [];
  const kept = new KeptListener((gateway) => {
    made.push(gateway);
    return listener;
  });
  return { kept, told, made, faults };
}

// What is in it is a matter of the listener's.
const tls = { certificates: [] } as unknown as ListenerTlsSpec;
const [first, second] = [makeGateway(), makeGateway({ tls })];

describe('the listener of a node', () => {
  it('is opened by the first snapshot, and changed by the next', async () => {
    const { kept, told, made } = telling();
    expect([kept.bound, kept.connections, kept.exchanges, kept.oldestExchangeAtMs]).toEqual([
      ...[null, 0, 0, Number.POSITIVE_INFINITY],
    ]);
    expect(await kept.drain(5)).toEqual({ cut: 0 });
    await kept.takeOver(first);
    expect([kept.bound?.port, kept.connections, kept.exchanges, kept.oldestExchangeAtMs]).toEqual([8080, 3, 2, 7]);
    await kept.takeOver(second);
    expect(made).toEqual([first]);
    expect(told).toEqual([
      ['update', second],
      ['certificates', tls],
    ]);
    expect(await kept.drain(5)).toEqual({ cut: 5 });
    kept.close();
    expect(told.at(-1)).toBe('close');
  });

  it('that was opened without TLS reads no certificates', async () => {
    const { kept, told } = telling('http');
    await kept.takeOver(first);
    await kept.takeOver(second);
    expect(told).toEqual([['update', second]]);
  });

  it('is as it was where it can not be opened, or a certificate is of no use', async () => {
    const { kept, told, faults, made } = telling();
    faults.start = 'the port is in use';
    await expect(kept.takeOver(first)).rejects.toThrow('the port is in use');
    expect(kept.bound).toBeNull();
    faults.start = '';
    await kept.takeOver(first);
    expect(made).toHaveLength(2);
    faults.certificates = 'no such file';
    await expect(kept.takeOver(second)).rejects.toThrow('no such file');
    expect(told.at(-1)).toEqual(['update', first]);
  });
});
