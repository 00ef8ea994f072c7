import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { SERIAL_MAX } from './guards.js';
import { readLogAnswer, readLogQuestion, readLogRecord } from './log-asks.js';
import { type ClusterMessage, decodeMessage, encodeMessage, wireVersion } from './wire.js';

const life = { id: 'node-7', incarnation: 3, session: 77 };
/** One of each kind, or more where a kind has forms. */
const samples: readonly ClusterMessage[] = [
  {
    ...{ kind: 'heartbeat', ...life, role: 'node', seq: 12, intervalMs: 1_000, snapshotVersion: 41 },
    ...{ loadPermille: 350, purgeEpoch: 9, told: { health: 4, rate: 70_000, latency: 2 } },
  },
  { kind: 'leave', ...life },
  { kind: 'outdated', ...life },
  {
    kind: 'opinion',
    id: 'node-7',
    incarnation: 3,
    seq: 5,
    change: {
      ...{ kind: 'outlier', upstream: 'orders', target: '10.0.0.1:9001', from: 'well', to: 'out', reason: 'slow' },
      ...{ evidence: { medianMs: 812.5, requests: 40 }, atWallMs: 1_790_000_000_000 },
    },
  },
  {
    ...{ kind: 'health.state', id: 'node-7', incarnation: 3, seq: 5, total: 1 },
    outs: [
      {
        ...{ forMs: 4_000, isOwn: true },
        change: {
          ...{
            kind: 'probe',
            upstream: 'orders',
            target: '10.0.0.1:9001',
            from: 'well',
            to: 'out',
            reason: 'no answer',
          },
          ...{ evidence: { inARow: 3 }, atWallMs: 1_790_000_000_000 },
        },
      },
    ],
  },
  ...(
    [
      { kind: 'url', authority: 'a.example', path: '/x', query: 'q=1' },
      { kind: 'prefix', authority: 'a.example', prefix: '/x/' },
      { kind: 'tag', tag: 'product-9' },
      { kind: 'host', authority: 'a.example' },
      { kind: 'all' },
    ] as const
  ).map((target, i) => ({
    ...{ kind: 'log' as const, number: i },
    content: { entry: 'purge' as const, targets: [target], isSoft: i % 2 === 0 },
  })),
  { kind: 'log', number: 10, content: { entry: 'join', id: 'node-7', incarnation: 3 } },
  { kind: 'log', number: 11, content: { entry: 'out', id: 'node-7', incarnation: 3, isOwn: true } },
  { kind: 'purge.ack', id: 'node-7', incarnation: 3, epoch: 10, log: 4_503 },
  { kind: 'rate', id: 'node-7', incarnation: 3, seq: 70_000, counts: [['api/0/ada', 1_790_000_000, 12, 20]] },
  {
    kind: 'latency',
    id: 'node-7',
    seq: 2,
    sketches: [
      {
        ...{ route: 'r', upstream: 'orders', wait: 'firstByte' },
        ...{ answered: Uint8Array.of(1, 100, 3), givenUp: Uint8Array.of(1) },
      },
    ],
  },
  { kind: 'rate', id: 'node-7', incarnation: 3, seq: 70_001, counts: [['api/0/ada', 1_790_000_000, 12, 20, 350]] },
  { kind: 'holds', id: 'node-7', incarnation: 3, counts: [['api/1/ada', 17]] },
  { kind: 'holds', id: 'node-7', incarnation: 3, counts: [['api/1/ada', 17]], everyMs: 4_000 },
  { kind: 'snapshot', serial: 50, version: 41, hash: 'ab'.repeat(32), sizeBytes: 4_096, takesBack: 0 },
  {
    kind: 'snapshot.report',
    id: 'node-7',
    serial: 50,
    version: 41,
    hash: 'ab'.repeat(32),
    state: 'applied',
    reason: '',
  },
  {
    ...{ kind: 'snapshot.report', id: 'node-7', serial: 51, version: 42, hash: 'cd'.repeat(32), state: 'refused' },
    reason: 'no such file: key.pem',
  },
  {
    ...{ kind: 'snapshot', serial: 52, version: 41, hash: 'ab'.repeat(32), sizeBytes: 4_096, takesBack: 43 },
    canary: { only: ['node-7'], version: 43, hash: 'ef'.repeat(32), sizeBytes: 4_100 },
  },
  {
    ...{ kind: 'rollout', stage: 'canary', canary: ['node-7'], by: 'ada', why: 'revision 12', control: 'c-1' },
    target: { version: 43, revision: 12, hash: 'ef'.repeat(32), sizeBytes: 4_100 },
    base: { version: 41, revision: 11, hash: 'ab'.repeat(32), sizeBytes: 4_096 },
    plan: { sharePermille: 250, label: '', bakeMs: 60_000, exchangesMin: 50, unjudged: ['latency'] },
    ...{ atWallMs: 1_790_000_000_000, missing: [{ id: 'node-8', why: 'no such file: key.pem' }] },
  },
  {
    ...{ kind: 'rollout', stage: 'done', canary: [], by: 'ada', why: 'on all 4 nodes', control: 'c-1', base: null },
    target: { version: 44, revision: 13, revisionId: '5a'.repeat(16), hash: 'ef'.repeat(32), sizeBytes: 4_100 },
    plan: { sharePermille: 1_000, label: '', bakeMs: 0, exchangesMin: 0, unjudged: [] },
    ...{ atWallMs: 1_790_000_000_000, missing: [] },
  },
  {
    ...{ kind: 'rollout', stage: 'done', canary: [], by: 'ada', why: 'on all 4 nodes', control: 'c-1', base: null },
    target: { version: 44, revision: 13, revisionId: '5a'.repeat(16), hash: 'ef'.repeat(32), sizeBytes: 4_100 },
    plan: { sharePermille: 1_000, label: '', bakeMs: 0, exchangesMin: 0, unjudged: [] },
    ...{ atWallMs: 1_790_000_000_000, missing: [] },
    policySet: { by: 'bea', control: 'c-2', atWallMs: 1_790_000_060_000 },
  },
  {
    ...{ kind: 'traffic', id: 'node-7', session: 77, version: 43, labels: ['zone=a'] },
    counts: { exchanges: 900, failed: 3, timeouts: 2, turnedAway: 1, slots: [0, 890, 10] },
  },
  {
    ...{ kind: 'calls', id: 'node-7', session: 77, untold: 800 },
    rows: [
      ['route', 'orders', 890, 3, 1, 2, 17, 0, 90_000, [0, 890]],
      ['consumer', '', 10, 0, 0, 0, 0, 0, 1_000, [10]],
    ],
    records: [
      {
        ...{
          id: 'r-1',
          atWallMs: 1_790_000_000_000,
          route: 'orders',
          consumer: 'ada',
          method: 'GET',
          path: '/orders/1',
        },
        ...{
          client: '10.0.0.9',
          status: 504,
          tookMs: 2_000.1,
          headMs: 2_000.1,
          failure: 'total_timeout',
          timer: 'total',
        },
        ...{ upstream: 'orders', target: '10.0.0.1:9001', attempts: 2, traceId: 'ab'.repeat(16), cache: 'miss' },
        ...{ isSaved: false, bytesIn: 0, bytesOut: 512 },
      },
    ],
  },
  {
    ...{ kind: 'calls', id: 'node-7', session: 77, rows: [], records: [], untold: 0 },
    spends: [
      [
        ['chat', 'ada', 'research', 'fast', 'openai'],
        [3, 1_200, 800, 200, 90, 1, 0, 19_000],
      ],
    ],
    budgets: [
      ['', 'team-cost', 'cost', 'day', 'shared', ['research'], 'research', 20_000_000, 19_981_000, 1_790_000_000_000],
    ],
  },
  {
    ...{ kind: 'member.status', id: 'node-7', role: 'node', host: 'm1', pid: 9, startedWallMs: 1_790_000_000_000 },
    ...{ state: 'serving', traffic: '10.0.0.1:8080', metrics: '10.0.0.1:9090', snapshotVersion: 41 },
    ...{ snapshotHash: 'ab'.repeat(32), connections: 3, exchanges: 2, rssBytes: 90_000_000, loadPermille: 350 },
    ...{ loopDelayMs: 2, warnings: ['the access log loses lines'] },
  },
  {
    ...{ kind: 'purge.question', isSoft: true, withinMs: 9_850 },
    targets: [{ kind: 'url', authority: 'a.example', path: '/x', query: 'q=1' }],
  },
  {
    ...{ kind: 'purge.verdict', obeyed: ['node-7'], lapsed: ['node-8'] },
    missing: [{ node: 'node-9', reason: 'has not acknowledged it' }],
  },
  {
    ...{ kind: 'log', number: 0 },
    content: {
      ...{ entry: 'change', id: 'node-7', incarnation: 3 },
      urls: [{ authority: 'a.example', path: '/x', query: 'q=1' }],
    },
  },
  {
    kind: 'cache.question',
    request: {
      ...{ method: 'GET', scheme: 'https', authority: 'a.example', path: '/x', query: 'q=1' },
      ...{ headers: ['accept-language', 'de'], consumer: null },
    },
  },
  {
    ...{ kind: 'cache.reply', reason: '' },
    inspection: {
      foretold: { kind: 'ask', route: 'shop', reason: 'uri-miss' },
      ...{ variants: [], isComplete: true, notStored: { why: 'private', status: 200, atWallMs: 1_790_000_000_000 } },
    },
  },
  {
    ...{ kind: 'spend', id: 'node-7', incarnation: 3, of: 'node-8', ofIncarnation: 2 },
    counts: [['budget/ada', 20_420, 9_000_000, 8_500_000, 7_250_000]],
  },
  {
    ...{ kind: 'ai.keys', id: 'node-7', incarnation: 3 },
    keys: [
      ['kQ3x', '', 'out', 30_000],
      ['kQ3x', 'gpt-5', 'resting', 2_000],
      ['kQ3y', 'gpt-5', 'well', 0],
    ],
  },
  {
    ...{ kind: 'secrets.question', id: 'edge-1', boxKey: 'k'.repeat(43), nonce: 'n'.repeat(22), registry: 57 },
    names: ['red/TOKEN'],
  },
  {
    ...{ kind: 'member.status', id: 'node-8', role: 'node', host: 'm2', pid: 9, startedWallMs: 1_790_000_000_000 },
    ...{ state: 'serving', traffic: '10.0.0.2:8443', metrics: '10.0.0.2:9090', snapshotVersion: 41, isTls: true },
    ...{ snapshotHash: 'ab'.repeat(32), connections: 3, exchanges: 2, rssBytes: 90_000_000, loadPermille: 350 },
    ...{ loopDelayMs: 2, warnings: [] },
  },
];

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });
const wire = (value: unknown, version = wireVersion): Uint8Array => Uint8Array.from([version, ...packr.pack(value)]);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What is right though it looks wrong: lists that say nothing, no release before the first, texts for people. */
const rightThough: Readonly<Record<string, readonly string[]>> = {
  'rate.counts': ['[]'],
  'holds.counts': ['[]'],
  'spend.counts': ['[]'],
  'ai.keys.keys': ['[]'],
  'latency.sketches': ['[]'],
  'health.state.outs': ['[]'],
  'rollout.canary': ['[]'],
  'rollout.missing': ['[]'],
  'traffic.labels': ['[]'],
  'calls.rows': ['[]'],
  'calls.records': ['[]'],
  'calls.spends': ['[]'],
  'calls.budgets': ['[]'],
  'rollout.base': ['null'],
  'rollout.by': ['"a b"'],
  'rollout.why': ['"a b"'],
  'rollout.atWallMs': ['1.5'],
  'snapshot.report.reason': ['"a b"'],
  'member.status.warnings': ['[]'],
  'cache.reply.inspection': ['null'],
  'cache.reply.reason': ['"a b"'],
  'purge.verdict.obeyed': ['[]'],
  'purge.verdict.lapsed': ['[]'],
  'purge.verdict.missing': ['[]'],
};

/** What earlier releases did not say, or what is not always the case. */
const optional: readonly string[] = [
  ...['snapshot.canary', 'holds.everyMs', 'rollout.policySet', 'member.status.isTls', 'calls.spends', 'calls.budgets'],
];

describe('messages of the cluster', () => {
  it('are the bytes that they were when their version was made', () => {
    const file = new URL('./golden/v1.json', import.meta.url);
    const golden: unknown = JSON.parse(readFileSync(file, 'utf8'));
    expect(golden).toEqual(samples.map((sample) => ({ kind: sample.kind, hex: hex(encodeMessage(sample)) })));
  });

  it.each(samples.map((sample, i) => [i, sample.kind, sample] as const))(
    '%i %s comes out as it went in',
    (_, __, sample) => {
      expect(decodeMessage(encodeMessage(sample))).toEqual({ ok: true, message: sample });
    },
  );

  it('are read without the fields that a later release has added', () => {
    for (const sample of samples) {
      const later = wire({ ...sample, someday: { deep: [1] }, at: 'last' });
      expect(decodeMessage(later)).toEqual({ ok: true, message: sample });
    }
  });

  it('of another version or kind are unknown, and no error', () => {
    for (const bytes of [
      wire({ kind: 'polish' }),
      wire({ kind: 'toString' }),
      wire({ kind: '__proto__' }),
      wire('x', 2),
    ])
      expect(decodeMessage(bytes)).toEqual({ ok: false, why: 'unknown' });
  });

  it('without any one of their fields, or with a wrong one, are malformed', () => {
    for (const sample of samples) {
      const fields = Object.entries(sample).filter(([name]) => name !== 'kind');
      for (const [name] of fields) {
        const rest = Object.fromEntries(Object.entries(sample).filter(([other]) => other !== name));
        if (!optional.includes(`${sample.kind}.${name}`))
          expect(decodeMessage(wire(rest)), `${sample.kind} without ${name}`).toEqual({ ok: false, why: 'malformed' });
        for (const wrong of [-1, 1.5, null, 'a b', [], { a: 1 }, Number.NaN, Number.POSITIVE_INFINITY]) {
          const { ok } = decodeMessage(wire({ ...rest, [name]: wrong }));
          const written = Number.isFinite(wrong) || typeof wrong !== 'number' ? JSON.stringify(wrong) : '';
          const isRight = rightThough[`${sample.kind}.${name}`]?.includes(written) ?? false;
          expect(ok, `${sample.kind}: ${name} = ${written}`).toBe(isRight);
        }
      }
    }
  });

  it('with numbers that nobody reaches by counting are malformed, where the next one is made from what was heard', () => {
    const rising = { heartbeat: ['incarnation', 'seq', 'snapshotVersion', 'purgeEpoch'], outdated: ['incarnation'] };
    for (const [kind, names] of Object.entries({ ...rising, 'snapshot.report': ['serial', 'version'] }))
      for (const name of names) {
        const sample = samples.find((one) => one.kind === kind);
        expect(decodeMessage(wire({ ...sample, [name]: SERIAL_MAX })).ok, `${kind}.${name}`).toBe(true);
        expect(decodeMessage(wire({ ...sample, [name]: SERIAL_MAX + 1 })).ok, `${kind}.${name}`).toBe(false);
      }
  });

  it('larger than their kind may be are malformed, and are not made larger by it', () => {
    const long = { kind: 'leave', ...life, more: 'x'.repeat(1_100) };
    expect(decodeMessage(wire(long))).toEqual({ ok: false, why: 'malformed' });
    expect(decodeMessage(new Uint8Array(1024 * 1024).fill(wireVersion))).toEqual({ ok: false, why: 'malformed' });
  });

  it('that are garbage never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeMessage(bytes)));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeMessage(Uint8Array.from([wireVersion, ...bytes])).ok).toBe(false);
      }),
    );
    // Deeper than any stack, longer than any memory, and a map of four thousand million.
    for (const start of [
      [0xdd, 0xff, 0xff, 0xff, 0xff],
      [0xdf, 0xff, 0xff, 0xff, 0xff],
      [0xc6, 0xff, 0xff, 0xff, 0xff],
    ])
      expect(decodeMessage(Uint8Array.from([wireVersion, ...start])).ok).toBe(false);
    expect(decodeMessage(new Uint8Array(500_000).fill(0x91).fill(wireVersion, 0, 1)).ok).toBe(false);
  });

  it('that say they have millions of members get no room for them', () => {
    // A list of 30 million, in whose first place is such a list, and so on: 240 MB for each five bytes.
    const lists = Array.from({ length: 3 }, () => [0xdd, 0x01, 0xc9, 0xc3, 0x80]).flat();
    const before = process.resourceUsage().maxRSS;
    expect(decodeMessage(Uint8Array.from([wireVersion, ...lists])).ok).toBe(false);
    const log = Uint8Array.from([1, ...lists]);
    expect([readLogQuestion(log), readLogAnswer(log), readLogRecord(log)]).toEqual([null, null, null]);
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200 * 1_024);
  });

  it('cut off or changed in a byte never throw, and are what they say or nothing', () => {
    const bytesOf = samples.map(encodeMessage);
    fc.assert(
      fc.property(fc.nat(samples.length - 1), fc.nat(), fc.nat(255), (which, at, value) => {
        const bytes = bytesOf[which] ?? new Uint8Array();
        expect(decodeMessage(bytes.subarray(0, at % bytes.length)).ok).toBe(false);
        const changed = new Uint8Array(bytes);
        changed[at % bytes.length] = value;
        const decoded = decodeMessage(changed);
        if (decoded.ok) expect(decodeMessage(encodeMessage(decoded.message))).toEqual(decoded);
      }),
    );
  });
});
