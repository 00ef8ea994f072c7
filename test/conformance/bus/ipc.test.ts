import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import type { Bus } from '@weir/proto/bus/bus.js';
import { attachChild, ipcBus, splitEnd } from '@weir/proto/bus/ipc-bus.js';
import type { IpcEnd } from '@weir/proto/bus/ipc-link.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { compiled, ensureBuilt } from '../../support/built.js';
import { onStage, type Stage, until } from '../../support/stage.js';
import { busSuite, realClock } from './bus-suite.js';
import type { ChildOrder, ChildReport } from './ipc-child.js';

/** One end of a channel within this process; messages are copied as the serialization of a real one copies them. */
class ChannelEnd extends EventEmitter implements IpcEnd {
  connected = true;
  other: ChannelEnd | null = null;
  send(message: unknown, onSent: (error: Error | null) => void): boolean {
    const copy: unknown = structuredClone(message);
    setImmediate(() => {
      this.other?.emit('message', copy);
      onSent(null);
    });
    return true;
  }
  disconnect(): void {
    for (const end of [this, this.other]) {
      if (end?.connected !== true) continue;
      end.connected = false;
      end.emit('disconnect');
    }
  }
}

function channel(): [ChannelEnd, ChannelEnd] {
  const [parent, child] = [new ChannelEnd(), new ChannelEnd()];
  parent.other = child;
  child.other = parent;
  return [parent, child];
}

busSuite('between a process and its children', async () => {
  const broker = new Broker();
  let ends = 0;
  const opened: Bus[] = [];
  return {
    async open(pendingBytesMax) {
      ends += 1;
      const bound = pendingBytesMax === undefined ? {} : { pendingBytesMax };
      const parts = { clock: realClock, inbox: `reply.c${ends}`, ...bound };
      // The first end is the parent itself.
      if (ends === 1) opened.push(memoryBus(broker, parts));
      else {
        const [parent, child] = channel();
        attachChild(broker, splitEnd(parent).bus);
        opened.push(ipcBus(splitEnd(child).bus, parts));
      }
      const bus = opened[ends - 1];
      if (bus === undefined) throw new Error('it was opened just now');
      await until(
        () => bus.state().isConnected,
        () => 'not connected',
      );
      return bus;
    },
    async close() {
      for (const bus of opened) await bus.close();
    },
  };
});

interface RealChild {
  readonly process: ChildProcess;
  readonly heard: string[];
  order(message: ChildOrder): void;
}

async function startChild(stage: Stage, broker: Broker, inbox: string, pendingMax?: number): Promise<RealChild> {
  const child = fork(compiled('test/conformance/bus/ipc-child.ts'), [], { serialization: 'advanced' });
  stage.onEnd(() => void child.kill('SIGKILL'));
  const { bus, rest } = splitEnd(child);
  attachChild(broker, bus, pendingMax);
  const heard: string[] = [];
  let isOpen = false;
  rest.on('message', (raw) => {
    const report = raw as ChildReport; // Only ipc-child.ts is on the other side.
    if (report.report === 'opened') isOpen = true;
    else heard.push(report.text);
  });
  const order = (message: ChildOrder): void => void child.send(message);
  order({ order: 'open', inbox });
  await until(
    () => isOpen,
    () => 'the child has not opened its end',
  );
  return { process: child, heard, order };
}

beforeAll(() => ensureBuilt(), 300_000);

describe('the bus between real processes', () => {
  it('lets siblings hear each other and the parent, and answer what the parent gathers', () =>
    onStage(async (stage) => {
      const broker = new Broker();
      const parent = memoryBus(broker, { clock: realClock, inbox: 'reply.parent' });
      const [one, other] = [await startChild(stage, broker, 'reply.c1'), await startChild(stage, broker, 'reply.c2')];
      for (const [child, answer] of [
        [one, 'yes, one'],
        [other, 'yes, other'],
      ] as const)
        child.order({ order: 'subscribe', pattern: 'weir.>', answer });
      await until(
        async () =>
          (await parent.gather('weir.ask', new Uint8Array(), { withinMs: 200, repliesMax: 2 })).end === 'complete',
        () => 'both never answered',
      );
      one.order({ order: 'publish', subject: 'weir.news', text: 'from one', times: 1 });
      await until(
        () => other.heard.includes('weir.news from one'),
        () => other.heard.join(),
      );
      expect(one.heard).not.toContain('weir.news from one');
    }));

  it('drops, counts and stays within its bound for a child that does not read, and serves it again afterwards', () =>
    onStage(async (stage) => {
      const broker = new Broker();
      const parent = memoryBus(broker, { clock: realClock, inbox: 'reply.parent' });
      const child = await startChild(stage, broker, 'reply.c1', 256 * 1024);
      child.order({ order: 'subscribe', pattern: 'weir.>', answer: 'here' });
      const answers = () => parent.gather('weir.ask', new Uint8Array(), { withinMs: 200, repliesMax: 1 });
      await until(
        async () => (await answers()).end === 'complete',
        () => 'no answer',
      );
      child.order({ order: 'sleep', ms: 1_500 });
      await until(
        () => {
          parent.publish('weir.flood', new Uint8Array(64 * 1024));
          return broker.overflowed > 0;
        },
        () => 'the channel takes everything',
      );
      await until(
        async () => (await answers()).end === 'complete',
        () => 'the child is not served any more',
      );
    }));

  it('forgets a child that was killed, and tells a child that its parent is gone', () =>
    onStage(async (stage) => {
      const broker = new Broker();
      const parent = memoryBus(broker, { clock: realClock, inbox: 'reply.parent' });
      const child = await startChild(stage, broker, 'reply.c1');
      const gone = new Promise((resolve) => child.process.once('exit', resolve));
      child.process.kill('SIGKILL');
      await gone;
      expect(parent.publish('weir.x', new Uint8Array())).toBe('sent');
      const [ours, theirs] = channel();
      attachChild(broker, ours);
      const orphan = ipcBus(theirs, { clock: realClock, inbox: 'reply.c2' });
      await Promise.resolve();
      ours.disconnect();
      expect(orphan.state()).toMatchObject({ isConnected: false, trouble: 'the parent process is gone' });
      expect(orphan.publish('a', new Uint8Array())).toBe('away');
    }));
});
