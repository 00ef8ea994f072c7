import type { Link, LinkEvents } from '@weir/proto/bus/ipc-link.js';
import type { CacheInspection, InspectedRequest } from '@weir/proto/events/cache.js';
import type { ControlToNode, NodeToControl } from '@weir/proto/events/node-link.js';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import { describe, expect, it } from 'vitest';
import type { GatewayNode } from '../node.js';
import { nodeStatus } from '../observe/testing/node-status.js';
import { startAgent } from './agent.js';

const offer = (version: number): SnapshotOffer => ({
  v: 1,
  kind: 'snapshot.offer',
  version,
  hash: `h${version}`,
  bytes: new Uint8Array([version]),
});

const STATUS = nodeStatus({ pid: 9 });

const NOTHING_STORED: CacheInspection = {
  foretold: { kind: 'no-route' },
  variants: [],
  isComplete: true,
  notStored: null,
};

const asked = (path: string): InspectedRequest => ({
  ...{ method: 'GET', scheme: 'http', authority: 'a.example', path, query: '' },
  headers: [],
  consumer: null,
});

function whatIsNoted(acts: string[]): Pick<GatewayNode, 'cut' | 'closeMetrics' | 'inspect'> {
  return {
    cut: () => acts.push('cut'),
    closeMetrics: async () => void acts.push('closeMetrics'),
    inspect: ({ path }) => {
      if (path === '/bug') throw new Error('a bug');
      acts.push(`inspect ${path}`);
      return NOTHING_STORED;
    },
  };
}

/** A node whose applications and drain end when the test says so. */
function setUp() {
  const sent: NodeToControl[] = [];
  const applying: { version: number; hash: string; resolve: () => void; reject: (error: Error) => void }[] = [];
  const [exits, logs, acts]: [number[], string[], string[]] = [[], [], []];
  let drains = 0;
  let endDrain: (result: { cut: number }) => void = () => {};
  let tick: (() => void) | null = null;
  let isIdle = true;
  let status = (): NodeStatus => STATUS;
  const receivers: LinkEvents<ControlToNode>[] = [];
  const link: Link<ControlToNode, NodeToControl> = {
    send(message, onSent) {
      sent.push(message);
      onSent?.();
    },
    isIdle: () => isIdle,
    listen: (events) => receivers.push(events),
    close: () => {},
    skipped: { unknown: 0, malformed: 0 },
  };
  const node: GatewayNode = {
    apply: (snapshot, hash) =>
      new Promise((resolve, reject) => applying.push({ version: snapshot.version, hash, resolve, reject })),
    drain: () => {
      drains += 1;
      return new Promise((resolve) => {
        endDrain = resolve;
      });
    },
    close: async () => {},
    status: () => status(),
    report: () => ({ snapshotVersion: 0, loadPermille: 0, purgeEpoch: 0 }),
    ...whatIsNoted(acts),
    metricsAddress: { host: '127.0.0.1', port: 9090 },
  };
  const agent = startAgent({
    ...{ link, node, boxKey: 'key' },
    decode: async ({ version }) => {
      if (version === 13) throw new Error('thirteen is malformed');
      return { version } as Snapshot; // The stand-in node reads nothing else of it.
    },
    every: (_, task) => {
      tick = task;
      return () => {
        tick = null;
      };
    },
    log: (text) => logs.push(text),
    exit: (code) => exits.push(code),
  });
  const [receiver] = receivers;
  if (receiver === undefined) throw new Error('the agent does not listen');
  return {
    agent,
    sent,
    ...{ applying, exits, logs, acts, receiver },
    drains: () => drains,
    endDrain: (cut: number) => endDrain({ cut }),
    tick: () => tick?.(),
    setStatus: (value: () => NodeStatus) => {
      status = value;
    },
    setIdle: (value: boolean) => {
      isIdle = value;
    },
    kinds: () => sent.map((message) => message.kind),
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the agent of a node', () => {
  it('cuts a drain short when control says so, and lets its metrics port go when control is gone', () => {
    const { receiver, acts, drains } = setUp();
    receiver.onMessage({ v: 1, kind: 'node.cut' });
    expect([acts, drains()]).toEqual([['cut'], 1]);
    receiver.onClose();
    expect([acts, drains()]).toEqual([['cut', 'closeMetrics'], 1]);
  });

  it('goes on when a status can not be had for once', () => {
    const { setStatus, tick, sent, logs } = setUp();
    const before = sent.length;
    setStatus(() => {
      throw new Error('EMFILE: too many open files');
    });
    tick();
    expect([sent.length, logs]).toEqual([before, ['no status report: EMFILE: too many open files']]);
    setStatus(() => STATUS);
    tick();
    expect(sent.length).toBe(before + 1);
  });

  it('tells a warning once, and again when it had gone', () => {
    const { setStatus, tick, logs } = setUp();
    for (const warnings of [['full'], ['full', 'late'], [], ['full']]) {
      setStatus(() => ({ ...STATUS, warnings }));
      tick();
    }
    expect(logs).toEqual(['full', 'late', 'full']);
  });

  it('says that a snapshot is applied although no status can be had', async () => {
    const { setStatus, receiver, applying, kinds } = setUp();
    setStatus(() => {
      throw new Error('EMFILE: too many open files');
    });
    receiver.onMessage(offer(1));
    await settle();
    applying[0]?.resolve();
    await settle();
    expect(kinds().at(-1)).toBe('snapshot.applied');
  });

  it('says that it is ready, and where metrics are, before anything else', () => {
    const { sent } = setUp();
    expect(sent[0]).toEqual({
      v: 1,
      kind: 'node.ready',
      pid: 9,
      metrics: { host: '127.0.0.1', port: 9090 },
      boxKey: 'key',
    });
  });

  it('reports before it answers that a snapshot is applied, so that the address is known by then', async () => {
    const { receiver, applying, sent, kinds } = setUp();
    receiver.onMessage(offer(1));
    await settle();
    expect(applying.map(({ version, hash }) => [version, hash])).toEqual([[1, 'h1']]);
    const before = sent.length;
    applying[0]?.resolve();
    await settle();
    expect(kinds().slice(before)).toEqual(['node.status', 'snapshot.applied']);
    expect(sent.at(-1)).toEqual({ v: 1, kind: 'snapshot.applied', version: 1, hash: 'h1' });
  });

  it('refuses with the reason what cannot be decoded or run', async () => {
    const { receiver, applying, sent } = setUp();
    receiver.onMessage(offer(13));
    await settle();
    expect(sent.at(-1)).toEqual({
      v: 1,
      kind: 'snapshot.refused',
      version: 13,
      hash: 'h13',
      reason: 'thirteen is malformed',
    });
    receiver.onMessage(offer(14));
    await settle();
    applying[0]?.reject(new Error('no such file: key.pem'));
    await settle();
    expect(sent.at(-1)).toMatchObject({ kind: 'snapshot.refused', version: 14, reason: 'no such file: key.pem' });
  });

  it('applies one snapshot at a time, and of those that wait only the latest', async () => {
    const { receiver, applying } = setUp();
    for (const version of [1, 2, 3, 4]) receiver.onMessage(offer(version));
    await settle();
    expect(applying.map((one) => one.version)).toEqual([1]);
    applying[0]?.resolve();
    await settle();
    expect(applying.map((one) => one.version)).toEqual([1, 4]);
    applying[1]?.resolve();
    await settle();
    receiver.onMessage(offer(5));
    await settle();
    expect(applying.map((one) => one.version)).toEqual([1, 4, 5]);
  });

  it('tells what is stored, or why it could not be told', () => {
    const { receiver, acts, sent } = setUp();
    receiver.onMessage({ v: 1, kind: 'cache.inspect', number: 8, request: asked('/x') });
    expect([acts, sent.at(-1)]).toEqual([
      ['inspect /x'],
      { v: 1, kind: 'cache.inspected', number: 8, inspection: NOTHING_STORED },
    ]);
    receiver.onMessage({ v: 1, kind: 'cache.inspect', number: 9, request: asked('/bug') });
    expect(sent.at(-1)).toEqual({ v: 1, kind: 'cache.failed', number: 9, reason: 'a bug' });
  });

  it('drains once, says how much was cut, and ends', async () => {
    const { receiver, agent, drains, endDrain, exits, sent, tick } = setUp();
    receiver.onMessage({ v: 1, kind: 'node.drain' });
    receiver.onMessage({ v: 1, kind: 'node.drain' });
    agent.stop();
    expect(drains()).toBe(1);
    expect(exits).toEqual([]);
    const before = sent.length;
    tick();
    expect(sent).toHaveLength(before);
    endDrain(3);
    await settle();
    expect(sent.at(-1)).toEqual({ v: 1, kind: 'node.drained', cut: 3 });
    expect(exits).toEqual([0]);
  });

  it('drains and ends when its parent is gone, and says why', async () => {
    const { receiver, drains, endDrain, exits, logs } = setUp();
    receiver.onClose();
    expect(drains()).toBe(1);
    expect(logs.join()).toContain('control is gone');
    endDrain(0);
    await settle();
    expect(exits).toEqual([0]);
  });

  it('ends with the code that it was stopped with', async () => {
    const { agent, endDrain, exits } = setUp();
    agent.stop(70);
    endDrain(0);
    await settle();
    expect(exits).toEqual([70]);
  });

  it('applies nothing that waited once it drains', async () => {
    const { receiver, applying } = setUp();
    receiver.onMessage(offer(1));
    receiver.onMessage(offer(2));
    await settle();
    receiver.onMessage({ v: 1, kind: 'node.drain' });
    applying[0]?.resolve();
    await settle();
    expect(applying.map((one) => one.version)).toEqual([1]);
  });

  it('does not pile up reports that nobody takes', () => {
    const { sent, tick, setIdle } = setUp();
    const before = sent.length;
    tick();
    setIdle(false);
    tick();
    tick();
    expect(sent).toHaveLength(before + 1);
  });
});
