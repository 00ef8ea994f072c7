import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { decodeBusFrame } from '../events/bus-frame.js';
import {
  type ControlToNode,
  decodeControlToNode,
  decodeNodeToControl,
  type NodeToControl,
} from '../events/node-link.js';
import { splitEnd } from './ipc-bus.js';
import { type IpcEnd, ipcLink, PIECE_BYTES } from './ipc-link.js';

/** Two ends that are joined, as fork joins two processes; callbacks of `send` wait until they are run. */
class End extends EventEmitter implements IpcEnd {
  connected = true;
  readonly sent: (() => void)[] = [];
  other: End | null = null;

  send(message: unknown, onSent: (error: Error | null) => void): boolean {
    this.other?.emit('message', message);
    this.sent.push(() => onSent(null));
    return true;
  }

  disconnect(): void {
    for (const end of [this, this.other]) {
      if (end === null || !end.connected) continue;
      end.connected = false;
      end.emit('disconnect');
    }
  }
}

function pair() {
  const parent = new End();
  const child = new End();
  parent.other = child;
  child.other = parent;
  return {
    parent,
    child,
    control: ipcLink<NodeToControl, ControlToNode>(parent, decodeNodeToControl, { cuts: true }),
    node: ipcLink<ControlToNode, NodeToControl>(child, decodeControlToNode),
  };
}

const drain: ControlToNode = { v: 1, kind: 'node.drain' };

function received(link: ReturnType<typeof pair>['node']): { messages: ControlToNode[]; closes: number } {
  const seen = { messages: [] as ControlToNode[], closes: 0 };
  link.listen({
    onMessage: (message) => seen.messages.push(message),
    onClose: () => {
      seen.closes += 1;
    },
  });
  return seen;
}

describe('ipcLink', () => {
  it('carries messages whole, bytes included', () => {
    const { control, node } = pair();
    const seen = received(node);
    const offer: ControlToNode = {
      v: 1,
      kind: 'snapshot.offer',
      version: 3,
      hash: 'ab',
      bytes: new Uint8Array([1, 2]),
    };
    control.send(drain);
    control.send(offer);
    expect(seen.messages).toEqual([drain, offer]);
  });

  it('carries long bytes in pieces ahead of their message, and lets what is of another kind pass them', async () => {
    const { parent, control, node } = pair();
    const seen = received(node);
    control.listen({ onMessage: () => {}, onClose: () => {} });
    const lengths: number[] = [];
    parent.other?.on('message', ({ piece }: { piece?: Uint8Array }) => lengths.push(piece?.length ?? 0));
    const bytes = Uint8Array.from({ length: 2 * PIECE_BYTES + 5 }, (_, at) => at % 251);
    const offer: ControlToNode = { v: 1, kind: 'snapshot.offer', version: 3, hash: 'ab', bytes };
    let told = 0;
    control.send(offer, () => {
      told += 1;
    });
    control.send({ ...offer, version: 4, bytes: new Uint8Array(1) });
    control.send(drain);
    expect([lengths, control.isIdle()]).toEqual([[PIECE_BYTES, 0], false]);
    await expect.poll(() => lengths).toEqual([PIECE_BYTES, 0, PIECE_BYTES, 5, 0, 0]);
    expect([seen.messages, told]).toEqual([[drain, offer, { ...offer, version: 4, bytes: new Uint8Array(1) }], 0]);
    for (const taken of parent.sent) taken();
    expect([told, control.isIdle()]).toEqual([1, true]);
  });

  it('keeps the pieces of both halves of one channel apart', async () => {
    const { parent, child } = pair();
    const [ofParent, ofChild] = [splitEnd(parent), splitEnd(child)];
    const control = ipcLink<NodeToControl, ControlToNode>(ofParent.rest, decodeNodeToControl, { cuts: true });
    const node = ipcLink<ControlToNode, NodeToControl>(ofChild.rest, decodeControlToNode);
    const heard: unknown[] = [];
    const buses = [ofParent, ofChild].map(({ bus }) => ipcLink(bus, decodeBusFrame, { cuts: true }));
    for (const link of buses) link.listen({ onMessage: (frame) => heard.push(frame), onClose: () => {} });
    control.listen({ onMessage: () => {}, onClose: () => {} });
    const seen = received(node);
    const bytes = (each: number): Uint8Array => new Uint8Array(3 * PIECE_BYTES).fill(each);
    const frame = { v: 1, kind: 'bus.carried', subject: 'a', bytes: bytes(1), replyTo: '' };
    const offer: ControlToNode = { v: 1, kind: 'snapshot.offer', version: 3, hash: 'ab', bytes: bytes(2) };
    control.send(offer);
    for (const link of buses) link.send(frame);
    await expect.poll(() => heard.length).toBe(2);
    await expect.poll(() => seen.messages.length).toBe(1);
    expect([seen.messages, heard]).toEqual([[offer], [frame, frame]]);
  });

  it('has nothing under way any more when the channel closes amid the pieces', () => {
    const { parent, control } = pair();
    control.listen({ onMessage: () => {}, onClose: () => {} });
    let told = 0;
    const onSent = () => {
      told += 1;
    };
    const offer = { v: 1, kind: 'snapshot.offer', version: 3, hash: 'ab' } as const;
    for (const pieces of [9, 1]) control.send({ ...offer, bytes: new Uint8Array(pieces * PIECE_BYTES) }, onSent);
    parent.disconnect();
    expect([told, control.isIdle()]).toEqual([2, true]);
  });

  it('counts pieces that are not of one size, too many, or too few, and goes on with the next message', () => {
    const { parent, node } = pair();
    const seen = received(node);
    const rest = { v: 1, kind: 'snapshot.offer', version: 3, hash: 'ab' };
    const piece = new Uint8Array(4);
    const kind = 'snapshot.offer';
    const send = (...messages: unknown[]) => {
      for (const message of messages) parent.send(message, () => {});
    };
    send({ kind, piece, size: 8 }, { kind, piece, size: 9 }, drain);
    send({ kind, piece, size: 3 }, drain);
    send({ kind, piece, size: Number.NaN }, { kind, piece, size: 2 ** 40 }, drain);
    expect([node.skipped.malformed, seen.messages.length]).toEqual([4, 3]);
    send({ kind, piece, size: 8 }, rest, drain);
    send({ kind, piece, size: 8 }, { kind, piece, size: 8 }, rest);
    expect([node.skipped.malformed, seen.messages.length]).toEqual([5, 5]);
    expect(seen.messages.at(-1)).toEqual({ ...rest, bytes: new Uint8Array(8) });
  });

  it('skips what it does not know, drops unknown fields, and counts both kinds of trouble apart', () => {
    const { parent, node } = pair();
    const seen = received(node);
    const raw: unknown[] = [
      { v: 2, kind: 'node.drain' },
      { v: 1, kind: 'node.polish' },
      { v: 1, kind: 'toString' },
      { v: 1, kind: 'snapshot.offer', version: -1, hash: 'a', bytes: new Uint8Array() },
      { v: 1, kind: 'snapshot.offer', version: 1, hash: 'a', bytes: 'AQI=' },
      { kind: 'node.drain' },
      'node.drain',
      null,
      { v: 1, kind: 'node.drain', someday: true },
    ];
    for (const message of raw) parent.send(message, () => {});
    expect(node.skipped).toEqual({ unknown: 3, malformed: 5 });
    expect(seen.messages).toEqual([drain]);
  });

  it('is idle only when everything that was sent has been taken', () => {
    const { parent, control } = pair();
    let told = 0;
    expect(control.isIdle()).toBe(true);
    control.send(drain);
    control.send(drain, () => {
      told += 1;
    });
    for (const taken of parent.sent.slice(0, 1)) taken();
    expect(control.isIdle()).toBe(false);
    expect(told).toBe(0);
    for (const taken of parent.sent.slice(1)) taken();
    expect(control.isIdle()).toBe(true);
    expect(told).toBe(1);
  });

  it('tells of the close once, on both sides, and drops what is sent after it', () => {
    const { parent, control, node } = pair();
    const seen = received(node);
    control.close();
    control.close();
    expect(seen.closes).toBe(1);
    let decided = 0;
    control.send(drain, () => {
      decided += 1;
    });
    expect(decided).toBe(1);
    expect(parent.sent).toEqual([]);
    expect(control.isIdle()).toBe(true);
  });
});

describe('messages of a node', () => {
  const status: NodeToControl = {
    v: 1,
    kind: 'node.status',
    status: {
      pid: 5,
      startedWallMs: 1,
      state: 'serving',
      listening: { host: '::1', port: 8080, tls: true },
      snapshot: { version: 1, hash: 'aa', appliedWallMs: 2, routes: 3, upstreams: 1 },
      connections: 1,
      exchanges: 2,
      armedTimers: 3,
      jobs: { store: 'redis', isReachable: true, running: 1, stored: 2, storedBytes: 0 },
      rssBytes: 4,
      targets: [
        { upstream: 'u', target: 't:1', open: 1, idle: 0, waiting: 0, inFlight: 1, standing: 'well', reason: '' },
      ],
      upstreams: [{ upstream: 'u', standing: 'well', reason: '' }],
      warnings: [],
      healthChanges: [],
      cluster: null,
      peerOpinions: [],
    },
  };
  const all: NodeToControl[] = [
    status,
    { v: 1, kind: 'node.ready', pid: 3, metrics: { host: '127.0.0.1', port: 9090 } },
    { v: 1, kind: 'node.failed', reason: 'no' },
    { v: 1, kind: 'node.drained', cut: 2 },
    { v: 1, kind: 'snapshot.applied', version: 1, hash: 'a' },
    { v: 1, kind: 'snapshot.refused', version: 1, hash: 'a', reason: 'because' },
  ];

  it.each(all.map((message) => [message.kind, message] as const))('%s survives the way unchanged', (_, message) => {
    expect(decodeNodeToControl(structuredClone(message))).toEqual({ ok: true, message });
  });

  it.each(all.map((message) => [message.kind, message] as const))(
    '%s without any one of its fields is malformed',
    (_, message) => {
      for (const field of Object.keys(message).filter((name) => name !== 'v' && name !== 'kind')) {
        const broken = Object.fromEntries(Object.entries(message).filter(([name]) => name !== field));
        expect(decodeNodeToControl(broken)).toMatchObject({ ok: false, why: 'malformed' });
      }
    },
  );
});
