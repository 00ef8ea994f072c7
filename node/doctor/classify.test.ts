import { type Cause, causes, type TimeoutRecord } from '@weir/proto/events/doctor.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from './classify.js';
import { rules } from './rules.js';
import { anyRecord } from './testing/any-record.js';
import { latency, makeRecord, target, took, unknown } from './testing/records.js';

const quietAsked = { targets: 3, inFlight: 3, limit: null, queued: 0, connections: 4, connectionsMax: 64, waiting: 0 };
const oneBad = {
  targetState: target('a:1', { answered: 0, timedOut: 9 }),
  peers: [target('b:1'), target('c:1')],
};
const allBad = {
  targetState: target('a:1', { timedOut: 40 }),
  peers: [target('b:1', { timedOut: 40 }), target('c:1', { timedOut: 40 })],
};
const attemptThatGot = (status: number): TimeoutRecord['attempts'] => [
  { target: 'b:1', cause: 'retry', phases: {}, status, failure: null, timer: null },
];
const settings = makeRecord().settings;
const MIB = 1024 * 1024;

/** What was seen → cause, rule, and the change that leads. */
const cases: readonly [string, Partial<TimeoutRecord>, Cause, string, string][] = [
  // Server overload.
  [
    'all targets answer ten times slower than they did',
    { ...allBad, latency: took(latency(200, 1_200, 1_900), latency(400, 12, 40)) },
    'server overload',
    'slower-than-before',
    'upstreams[id=orders].concurrency: none → adaptive',
  ],
  [
    'hardly any answer comes any more that was quick before',
    {
      ...allBad,
      latency: took(latency(3, 1_500), latency(400, 12, 40)),
      targetState: target('a:1', { answered: 0, timedOut: 400 }),
    },
    'server overload',
    'slower-than-before',
    'upstreams[id=orders].concurrency: none → adaptive',
  ],
  [
    'another attempt was answered 503',
    { attempts: attemptThatGot(503) },
    'server overload',
    'server-says-busy',
    'upstreams[id=orders].concurrency: none → adaptive',
  ],
  [
    'connections are accepted slowly while latency rises',
    { ...allBad, timer: 'connect', limitMs: 1_000, latency: took(latency(200, 1_200, 1_900), latency(400, 12, 40)) },
    'server overload',
    'accepts-slowly',
    'upstreams[id=orders].concurrency: none → adaptive',
  ],
  [
    'requests wait for a place behind servers that have become slow',
    { timer: 'queue', limitMs: 1_000, elapsedMs: 1_000, latency: took(latency(200, 1_200), latency(400, 12)) },
    'server overload',
    'queue-behind-slow-servers',
    'upstreams[id=orders].concurrency: none → adaptive',
  ],
  [
    'so much was in flight when it began that it is no matter how little is now',
    { ...allBad, latency: took(latency(200, 1_500, 1_950)), inFlightBefore: 150 },
    'server overload',
    'much-in-flight',
    'upstreams[id=orders].concurrency: none → { start: 225 }',
  ],
  [
    'so much is in flight that nothing else needs to be known',
    { ...allBad, latency: took(latency(200, 1_500, 1_950)), asked: { ...quietAsked, inFlight: 300 } },
    'server overload',
    'much-in-flight',
    'upstreams[id=orders].concurrency: none → { start: 150 }',
  ],

  // Network latency.
  [
    'one target takes no connections, its peers do',
    { ...oneBad, timer: 'connect', limitMs: 1_000, elapsedMs: 1_000, settings: { ...settings, probe: false } },
    'network latency',
    'one-target-unreachable',
    'upstreams[id=orders].health.probe: none → { every: 2s }',
  ],
  [
    'no target takes connections, and none has work',
    { ...allBad, timer: 'connect', limitMs: 1_000, elapsedMs: 1_000, latency: took(unknown) },
    'network latency',
    'way-to-all-blocked',
    'look for a firewall that drops, a wrong address, or a long way between gateway and targets',
  ],
  [
    'connecting took most of the attempt',
    { timer: 'attempt', phases: { connect: 700, tls: 900, firstByte: 300 }, elapsedMs: 2_000 },
    'network latency',
    'way-takes-most',
    'bring gateway and targets closer, or keep connections open longer (pool.idle)',
  ],
  [
    'a body stalls after its head at one target',
    { ...oneBad, timer: 'idle', limitMs: 10_000, elapsedMs: 10_000 },
    'network latency',
    'flow-stops',
    'routes[id=orders-read].protect: false → true',
  ],
  [
    'a client stops sending its body',
    { timer: 'clientBody', limitMs: 10_000, elapsedMs: 10_000, targetState: null, asked: null },
    'network latency',
    'client-way-slow',
    'look at the way between the clients and this gateway',
  ],

  // Resource limits, ours and theirs.
  [
    'the event loop of the gateway is late',
    { node: { inFlight: 900, loopDelayMs: 800, loopBusy: 1 } },
    'resource limits',
    'event-loop-late',
    'give this node a core of its own, or run another node beside it',
  ],
  [
    'the pool is full while answers are as quick as ever',
    { timer: 'queue', limitMs: 1_000, elapsedMs: 1_000, asked: { ...quietAsked, connections: 64, waiting: 80 } },
    'resource limits',
    'pool-full',
    'upstreams[id=orders].pool.connections: 64 → 256',
  ],
  [
    'the fixed limit is reached while answers are as quick as ever',
    {
      timer: 'queue',
      limitMs: 1_000,
      elapsedMs: 1_000,
      asked: { ...quietAsked, limit: 8, inFlight: 8 },
      settings: { ...settings, concurrency: 'fixed' },
    },
    'resource limits',
    'limit-reached',
    'upstreams[id=orders].concurrency: 8 → adaptive',
  ],
  [
    'one target is slow and its peers are not',
    oneBad,
    'resource limits',
    'one-target-slow',
    'upstreams[id=orders].health.outlier.latencyFactor: 0 → 3',
  ],
  [
    'one target answers a hundred times later than its peers, in time so far',
    {
      kind: 'near',
      elapsedMs: 1_700,
      targetState: target('a:1', { meanMs: 1_500 }),
      peers: [target('b:1'), target('c:1')],
    },
    'resource limits',
    'one-target-slow',
    'upstreams[id=orders].health.outlier.latencyFactor: 0 → 3',
  ],
  [
    'the one server there is has answered nobody since, though it takes requests',
    {
      targetState: target('a:1', { timedOut: 3, silentMs: 7_000, cutInARow: 3 }),
      peers: [],
      settings: { ...settings, probe: false },
    },
    'resource limits',
    'stopped-answering',
    'upstreams[id=orders].health.probe: none → { path: /, status: 200-499, every: 2s }',
  ],
  [
    'a few answers are late at servers that are quick',
    {},
    'resource limits',
    'few-answers-late',
    'routes[id=orders-read].hedge: false → true',
  ],

  // Wrong configuration.
  [
    'answers usually begin just within the limit, at low load',
    { latency: took(latency(80, 1_700, 1_950)) },
    'wrong configuration',
    'limit-near-usual',
    'routes[id=orders-read].timeouts.firstByte: 2s → 3.5s',
  ],
  [
    'clients ask for answers sooner than the route has them',
    {
      timer: 'total',
      limitMs: 500,
      elapsedMs: 502,
      deadline: { routeMs: 30_000, clientMs: 500 },
      latency: took(latency(80, 900, 1_200)),
    },
    'wrong configuration',
    'client-deadline-short',
    'clients ask for an answer within 500ms; have them ask for 1.8s',
  ],
  [
    'an attempt at a slow target may take all of the total',
    { ...oneBad, timer: 'total', limitMs: 2_000, settings: { ...settings, firstByteMs: 15_000 } },
    'wrong configuration',
    'no-time-to-retry',
    'routes[id=orders-read].timeouts.firstByte: 15s → 700ms',
  ],
  [
    'a place must be had within five milliseconds',
    { timer: 'queue', limitMs: 5, elapsedMs: 5 },
    'wrong configuration',
    'queue-limit-tight',
    'routes[id=orders-read].timeouts.queue: 5ms → 150ms',
  ],
  [
    'connections must be there within twenty milliseconds',
    { timer: 'connect', limitMs: 20, elapsedMs: 21 },
    'wrong configuration',
    'connect-limit-tight',
    'routes[id=orders-read].timeouts.connect: 20ms → 1s',
  ],
  [
    'a route was never answered in time by a target that answers others',
    { latency: took(unknown), limitMs: 100, elapsedMs: 101 },
    'wrong configuration',
    'never-answered-in-limit',
    'routes[id=orders-read].timeouts.firstByte: 100ms → 450ms',
  ],

  // API design.
  [
    'answers usually take half a minute',
    { timer: 'total', limitMs: 30_000, elapsedMs: 30_001, latency: took(latency(40, 27_000, 29_000)) },
    'API design',
    'long-call',
    'routes[id=orders-read].async: false → { after: 5s }',
  ],
  [
    'a client gives up on a report after ten seconds, before any has ever come',
    { timer: 'client', limitMs: 0, elapsedMs: 10_004, latency: took(unknown) },
    'API design',
    'never-answered-long',
    'routes[id=orders-read].async: false → { after: 5s }',
  ],
  [
    'half a gibibyte was on its way',
    { timer: 'total', limitMs: 30_000, elapsedMs: 30_001, responseBytes: 512 * MIB },
    'API design',
    'large-body',
    'move large bodies in parts: ranges, pages, resumable uploads, or compressed',
  ],
  [
    'a client reads a large answer slower than it may',
    { timer: 'clientIdle', limitMs: 60_000, elapsedMs: 60_000, responseBytes: 100 * MIB },
    'API design',
    'client-transfers-much',
    'move large bodies in parts: ranges, pages, resumable uploads',
  ],
];

const firstChange = (record: TimeoutRecord): string => {
  const [change] = classify(record).verdict.changes;
  if (change === undefined) return '';
  return change.kind === 'advice' ? change.text : `${change.path}: ${change.from} → ${change.to}`;
};

describe('the classifier', () => {
  it.each(cases)('%s', (_, overrides, cause, rule, change) => {
    const record = makeRecord(overrides);
    const { verdict } = classify(record);
    expect([verdict.cause, verdict.rule]).toEqual([cause, rule]);
    expect(firstChange(record)).toBe(change);
    expect(verdict.evidence.length).toBeGreaterThan(0);
    expect(verdict.evidence.join('\n')).toMatch(/\d/);
  });

  it.each(causes)('is shown three cases of %s at least', (cause) => {
    expect(cases.filter(([, , of]) => of === cause).length).toBeGreaterThanOrEqual(3);
  });

  it('proposes nothing that is on already', () => {
    const record = makeRecord({ ...oneBad, settings: { ...settings, hedge: true, latencyFactor: 3 } });
    expect(classify(record).verdict.changes).toEqual([]);
    const post = makeRecord({ ...oneBad, method: 'POST', settings: { ...settings, latencyFactor: 3, retries: 0 } });
    expect(firstChange(post)).toBe('routes[id=orders-read].retry: false → true');
  });

  it('raises the total with a limit that would not fit into it', () => {
    const record = makeRecord({
      limitMs: 2_000,
      deadline: { routeMs: 2_500, clientMs: null },
      latency: took(latency(80, 1_700, 1_950)),
    });
    expect(classify(record).verdict.changes).toEqual([
      { kind: 'config', path: 'routes[id=orders-read].timeouts.firstByte', from: '2s', to: '3.5s' },
      { kind: 'config', path: 'routes[id=orders-read].timeouts.total', from: '2.5s', to: '4.5s' },
    ]);
  });

  it('says that it guesses where nothing but the silence is known', () => {
    const silent = { latency: took(unknown), targetState: target('a:1', { answered: 0, timedOut: 1 }), peers: [] };
    const record = makeRecord({ ...silent, settings: { ...settings, probe: false } });
    expect(classify(record).verdict.certainty).toBe('guess');
    expect(classify(makeRecord(silent)).verdict.certainty).toBe('likely');
  });

  it('blames the event loop for what it delays, and not for having stood still at some time', () => {
    const node = { inFlight: 3, loopDelayMs: 700, loopBusy: 0.3 };
    expect(classify(makeRecord({ node })).verdict.rule).not.toBe('event-loop-late');
    expect(classify(makeRecord({ node, elapsedMs: 2_600 })).verdict.rule).toBe('event-loop-late');
    expect(classify(makeRecord({ node: { ...node, loopBusy: 0.99 } })).verdict.rule).toBe('event-loop-late');
  });

  it('calls many answers that are late no few, and a server that answers somebody not stopped', () => {
    const many = { targetState: target('a:1', { timedOut: 60 }), peers: [] };
    expect(classify(makeRecord(many)).verdict.rule).toBe('nothing-else-known');
    const some = { targetState: target('a:1', { timedOut: 60, silentMs: 200, cutInARow: 9 }), peers: [] };
    expect(classify(makeRecord(some)).verdict.rule).not.toBe('stopped-answering');
  });

  it('blames no target whose peers have become slow with it', () => {
    const slowPeers = [target('b:1', { meanMs: 900 }), target('c:1', { meanMs: 900 })];
    expect(classify(makeRecord({ ...oneBad, peers: slowPeers })).isAboutTarget).toBe(false);
  });

  it('blames one target only where its peers do better', () => {
    expect(classify(makeRecord(oneBad)).isAboutTarget).toBe(true);
    expect(classify(makeRecord(allBad)).isAboutTarget).toBe(false);
    const fewPeers = { ...oneBad, peers: [target('b:1', { answered: 4 })] };
    expect(classify(makeRecord(fewPeers)).isAboutTarget).toBe(false);
  });

  it('gives any record exactly one verdict, with evidence, and never throws', () => {
    const rulesSeen = new Set<string>();
    fc.assert(
      fc.property(anyRecord, (one) => {
        const { verdict } = classify(one);
        rulesSeen.add(verdict.rule);
        expect(causes).toContain(verdict.cause);
        expect(classify(one).verdict).toEqual(verdict);
        expect(verdict.evidence.length).toBeGreaterThan(0);
        for (const line of [...verdict.evidence, ...verdict.changes.map((each) => JSON.stringify(each))])
          expect(line).not.toMatch(/NaN|Infinity|undefined/);
        for (const change of verdict.changes) if (change.kind === 'config') expect(change.to).not.toBe(change.from);
      }),
      { numRuns: 2_000 },
    );
    expect(rulesSeen.size).toBeGreaterThan(10);
  });

  it('has a last rule that always holds, and names each rule once', () => {
    expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
    expect(rules.at(-1)?.name).toBe('nothing-else-known');
  });
});
