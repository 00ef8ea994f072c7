import type { ClusterStatus } from '@weir/proto/events/cluster-status.js';
import { describe, expect, it } from 'vitest';
import type { ControlStatus } from '../api/control-status.js';
import { showStatus } from './show-status.js';
import { columns, paintFor, printable, showDuration } from './terminal.js';

const plain = paintFor(false, {});
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

const well = { standing: 'well', reason: '' } as const;

const cluster: ClusterStatus = {
  ...{ cluster: 'main', id: 'node-1', bus: { isConnected: true, forMs: 61_000, trouble: '' } },
  ...{ loadPermille: 125, purgeEpoch: 7, members: [], standings: { alive: 2, suspect: 0, dead: 1, left: 0 } },
  ...{ malformed: 0, unknown: 0 },
};

const status: ControlStatus = {
  version: '0.1.0',
  pid: 77,
  startedWallMs: NOW - 61_000,
  uptimeMs: 61_000,
  configFile: '/etc/weir/weir.yaml',
  snapshot: { version: 3, hash: 'abcdef0123456789', acceptedWallMs: NOW - 60_000 },
  routes: ['a', 'b'],
  publish: { state: 'accepted', atWallMs: NOW - 60_000, cause: 'start', faults: [], restartNeeded: [] },
  nodes: [
    {
      state: 'running',
      pid: 78,
      restarts: 1,
      lastExit: { atWallMs: NOW - 5_000, reason: 'killed by SIGKILL' },
      trouble: null,
      metrics: 'http://127.0.0.1:9090/metrics',
      status: {
        pid: 78,
        startedWallMs: NOW - 4_000,
        state: 'serving',
        listening: { host: '::1', port: 8443, tls: true },
        snapshot: { version: 3, hash: 'abcdef', appliedWallMs: NOW, routes: 2, upstreams: 1 },
        connections: 12,
        exchanges: 3,
        armedTimers: 9,
        jobs: { store: 'redis', isReachable: false, running: 2, stored: 7, storedBytes: 0 },
        rssBytes: 64 * 1_048_576,
        targets: [{ upstream: 'orders', target: '10.0.0.1:80', open: 5, idle: 2, waiting: 0, inFlight: 3, ...well }],
        upstreams: [{ upstream: 'orders', ...well }],
        warnings: [],
        healthChanges: [],
        cluster: { ...cluster, bus: { isConnected: false, forMs: 2_000, trouble: '10.0.0.5:4222 is silent' } },
        peerOpinions: [],
      },
    },
  ],
  cluster: {
    ...{ ...cluster, id: 'control' },
    members: [
      {
        ...{ id: 'node-1', role: 'node', standing: 'alive', forMs: 60_000 },
        ...{ snapshotVersion: 3, loadPermille: 125, purgeEpoch: 7 },
      },
    ],
  },
};

describe('weir status', () => {
  it('shows config, snapshot, node and targets', () => {
    const text = showStatus(status, NOW, plain);
    for (const part of [
      'weir 0.1.0, up for 1 min 1 s, process 77',
      '/etc/weir/weir.yaml',
      'config: accepted at 2026-01-02T03:03:05.000Z, 1 min 0 s ago',
      '3 (abcdef012345), accepted 1 min 0 s ago',
      'serving, process 78',
      '1; killed by SIGKILL, 5.0 s ago',
      'https://[::1]:8443',
      '3 exchanges, 12 connections',
      '2 running, 7 kept in redis, which does not answer',
      '64 MiB',
      'node-1, sees 2 other members, has lost 1, bus away for 2.0 s: 10.0.0.5:4222 is silent',
      'http://127.0.0.1:9090/metrics',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(
      /UPSTREAM +TARGET +STANDING +OPEN +IDLE +WAITING +IN FLIGHT\n +orders +10\.0\.0\.1:80 +well +5 +2 +0 +3\n/,
    );
    expect(text).toMatch(/ +node-1 +node +alive +1 min 0 s +3 +12\.5 % +7\n$/);
    expect(text).not.toContain('changes of health');
  });

  it('says which targets and upstreams are not well and why, what has changed, the newest first, and what others say', () => {
    const [node] = status.nodes;
    if (node?.status == null) throw new Error('the node has a status');
    const ill = { standing: 'out', reason: 'ejected: 5 failures in a row' } as const;
    const about = { kind: 'outlier', upstream: 'orders', target: '10.0.0.1:80', evidence: {} } as const;
    const peerOpinion = {
      ...({ peer: 'n2', upstream: 'orders', target: '10.0.0.1:80', kind: 'outlier', reason: 'refused' } as const),
      ...{ evidence: { failuresInARow: 5 }, heardWallMs: NOW - 2_000, weight: 0.5 },
    };
    const peerOpinions = [
      { ...peerOpinion, isRefuted: false },
      { ...peerOpinion, peer: 'n3', target: null, isRefuted: true },
    ];
    const healthChanges = [
      { ...about, from: 'well', to: 'out', reason: ill.reason, atWallMs: NOW - 9_000 },
      { ...about, from: 'trial', to: 'well', reason: '', atWallMs: NOW - 2_000 },
    ] as const;
    const targets = node.status.targets.map((target) => ({ ...target, ...ill }));
    const upstreams = [{ upstream: 'orders', standing: 'trial', reason: 'breaker open: \u001b[31mall fail' }] as const;
    const text = showStatus(
      {
        ...{ ...status, cluster: null },
        nodes: [{ ...node, status: { ...node.status, targets, upstreams, healthChanges, peerOpinions } }],
      },
      NOW,
      plain,
    );
    const end = text.slice(text.indexOf('IN FLIGHT'));
    expect(
      end
        .split('\n')
        .map((line) => line.trim().split(/ {2,}/).join(' | '))
        .slice(2),
    ).toEqual([
      '',
      'orders as a whole | trial | breaker open: \\x1b[31mall fail',
      'orders 10.0.0.1:80 | out | ejected: 5 failures in a row',
      '',
      'changes of health',
      '2.0 s ago | orders 10.0.0.1:80 | trial → well',
      '9.0 s ago | orders 10.0.0.1:80 | well → out | ejected: 5 failures in a row',
      '',
      'called out by other nodes',
      '2.0 s ago | n2 | orders 10.0.0.1:80 | weighs 0.50 | refused (failuresInARow 5)',
      '2.0 s ago | n3 | orders as a whole | not so from here | refused (failuresInARow 5)',
      '',
    ]);
  });

  it('says when the latest config was rejected, with its faults, and that the last good one runs on', () => {
    const faults = [
      { severity: 'error', line: 4, column: 2, path: 'routes[0]', message: 'wrong', cure: 'mend it' },
    ] as const;
    const publish = {
      state: 'rejected',
      atWallMs: NOW - 1_000,
      cause: 'file-change',
      faults,
      restartNeeded: [],
    } as const;
    const text = showStatus({ ...status, publish }, NOW, plain);
    expect(text).toContain(
      'config: rejected at 2026-01-02T03:04:04.000Z, 1.0 s ago, after the file changed; the last good one runs on',
    );
    expect(text).toContain('line 4:2 error routes[0]: wrong (mend it)');
  });

  it('shows a house in which nothing has happened yet', () => {
    const text = showStatus({ ...status, configFile: null, snapshot: null, publish: null, nodes: [] }, NOW, plain);
    const revision = { number: 7, author: 'ada', atWallMs: NOW - 5_000 };
    expect(showStatus({ ...status, configFile: null, revision }, NOW, plain)).toMatch(
      /config +revision 7, 5\.0 s ago, by ada/,
    );
    expect(showStatus({ ...status, revision }, NOW, plain)).toMatch(
      /config +\/etc\/weir\/weir.yaml \(revision 7, 5\.0 s ago\)/,
    );
    expect(text).toContain('built-in welcome page');
    expect(text).toContain('nothing published yet');
  });
});

describe('the terminal', () => {
  it('is coloured only where it is wanted', () => {
    expect(paintFor(true, {}).red('x')).toBe('\x1b[31mx\x1b[39m');
    expect(paintFor(false, {}).red('x')).toBe('x');
    expect(paintFor(true, { NO_COLOR: '1' }).red('x')).toBe('x');
    expect(paintFor(true, { NO_COLOR: '' }).red('x')).not.toBe('x');
    expect(paintFor(true, { TERM: 'dumb' }).red('x')).toBe('x');
    expect(paintFor(false, { FORCE_COLOR: '1' }).red('x')).not.toBe('x');
    expect(paintFor(false, { FORCE_COLOR: '0' }).red('x')).toBe('x');
    expect(paintFor(true, { FORCE_COLOR: '1', NO_COLOR: '1' }).red('x')).toBe('x');
  });

  it('writes durations in two units at most', () => {
    const written = [0, 999, 1_000, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000].map(showDuration);
    expect(written).toEqual([
      '0 ms',
      '999 ms',
      '1.0 s',
      '59.9 s',
      '1 min 0 s',
      '59 min 59 s',
      '1 h 0 min',
      '23 h 59 min',
      '1 d 0 h',
    ]);
  });

  it('aligns columns, and makes control characters visible', () => {
    expect(
      columns([
        ['a', 'b'],
        ['ccc', 'd'],
      ]),
    ).toEqual(['a    b', 'ccc  d']);
    expect(printable('a\x1b[2J\nb')).toBe('a\\x1b[2J\\x0ab');
  });
});
