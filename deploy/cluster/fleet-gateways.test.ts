import type { MemberStatus } from '@weir/proto/events/member-status.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatewaysToTry } from './fleet-gateways.js';

const node = (more: Partial<MemberStatus>): MemberStatus => ({
  ...{ kind: 'member.status', id: 'n', role: 'node', host: 'far', pid: 1, startedWallMs: 0, state: 'serving' },
  ...{ traffic: '10.0.0.1:8080', metrics: '', snapshotVersion: 7, snapshotHash: '', connections: 0, exchanges: 0 },
  ...{ rssBytes: 0, loadPermille: 0, loopDelayMs: 0, warnings: [] },
  ...more,
});
const of = (members: readonly MemberStatus[], random = () => 0) =>
  gatewaysToTry({ members, version: 7, machine: 'here', random });

describe('where a control sends what is tried', () => {
  it('is where a node says that it listens, seen from another machine', () => {
    expect(of([node({})])).toEqual([{ host: '10.0.0.1', port: 8080, tls: false }]);
    expect(of([node({ traffic: '0.0.0.0:8443', isTls: true })])).toEqual([{ host: 'far', port: 8443, tls: true }]);
    expect(of([node({ traffic: '[::]:8080' })])).toEqual([{ host: 'far', port: 8080, tls: false }]);
    for (const traffic of ['127.0.0.1:1', '[::1]:1', 'localhost:1']) {
      expect(of([node({ traffic })])).toEqual([]);
      expect(of([node({ traffic, host: 'here' })])).toHaveLength(1);
    }
    expect(of([node({ traffic: '0.0.0.0:1', host: 'here' })])).toEqual([{ host: '127.0.0.1', port: 1, tls: false }]);
  });

  it('is no address of the machine or its cloud, whatever a member tells', () => {
    for (const traffic of ['169.254.169.254:80', '[64:ff9b::a9fe:a9fe]:80', 'metadata.google.internal:80'])
      expect(of([node({ traffic }), node({ traffic, host: 'here' })])).toEqual([]);
    expect(of([node({ traffic: '0.0.0.0:80', host: '169.254.169.254' })])).toEqual([]);
  });

  it('is no control, nothing that does not serve, three at most, and first what runs the snapshot of the day', () => {
    const some = fc.record({
      role: fc.constantFrom('node' as const, 'control' as const),
      state: fc.constantFrom('starting' as const, 'serving' as const, 'draining' as const),
      traffic: fc.constantFrom('', 'nonsense', '10.0.0.1:1', '10.0.0.2:2', '127.0.0.1:3'),
      snapshotVersion: fc.constantFrom(6, 7),
    });
    fc.assert(
      fc.property(
        fc.array(some, { maxLength: 12, size: 'max' }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (members, chance) => {
          const serving = members.filter(
            ({ role, state, traffic }) => role === 'node' && state === 'serving' && traffic.startsWith('10.'),
          );
          const found = of(members.map(node), () => chance);
          expect(found).toHaveLength(Math.min(3, serving.length));
          const current = serving.filter(({ snapshotVersion }) => snapshotVersion === 7).map(({ traffic }) => traffic);
          for (const { host, port } of found.slice(0, current.length)) expect(current).toContain(`${host}:${port}`);
        },
      ),
    );
  });
});
