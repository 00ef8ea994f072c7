import { describe, expect, it } from 'vitest';
import { Broker, memoryBus } from '../bus/broker.js';
import type { RateCounts } from '../events/rate-counts.js';
import { DEAD_AFTER } from './membership.js';
import { Presence } from './presence.js';
import { Subjects } from './subjects.js';
import { settled, TestClock } from './testing/test-clock.js';

function setUp() {
  const [broker, clock, warnings] = [new Broker(), new TestClock(), [] as string[]];
  const join = (id: string, role: 'node' | 'control' = 'node', session = 1): Presence => {
    const subjects = new Subjects('c1');
    const bus = memoryBus(broker, { clock, inbox: subjects.inbox(`${id}-${session}`) });
    const report = () => ({ snapshotVersion: 3, loadPermille: 0, purgeEpoch: 0 });
    const life = { id, incarnation: 1, session };
    return new Presence({
      ...{ bus, clock, subjects, life, role, report },
      random: () => 0.5,
      warn: (text) => warnings.push(text),
    });
  };
  return { clock, join, warnings };
}

const rate = (id: string, seq: number): RateCounts => ({ kind: 'rate', id, incarnation: 1, seq, counts: [] });

describe('a member on its bus', () => {
  it('sees who is there, counts nodes alone as nodes, and hears a goodbye at once', async () => {
    const { clock, join } = setUp();
    const [a, b, control] = [join('a'), join('b'), join('k', 'control')];
    await clock.pass(1_500);
    expect(a.members().map(({ life }) => life.id)).toEqual(['b', 'k']);
    expect([a.nodes(), control.nodes(), a.members()[0]?.heartbeat.snapshotVersion]).toEqual([2, 2, 3]);
    b.leave();
    await settled();
    expect([a.nodes(), control.nodes()]).toEqual([1, 1]);
    await clock.pass((DEAD_AFTER + 1) * 1_000);
    expect(a.members().map(({ standing }) => standing)).toEqual(['left', 'alive']);
  });

  it('hears by kind, and is told what it missed of a stream', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join('a'), join('b')];
    await clock.pass(1_500);
    const [heard, missed] = [[] as number[], [] as string[]];
    a.hear('rate', ({ seq }) => heard.push(seq));
    a.onMissed((id, stream) => missed.push(`${id} ${stream}`));
    b.tell(rate('b', b.next('rate')));
    await settled();
    expect([heard, missed]).toEqual([[1], []]);
    b.next('rate');
    b.tell(rate('b', b.next('rate')));
    await settled();
    expect([heard, missed]).toEqual([[1, 3], ['b rate']]);
  });

  it('counts and drops what is malformed or of another release', async () => {
    const { join } = setUp();
    const [a, b] = [join('a'), join('b')];
    await settled();
    b.bus.publish(a.subjects.all('heartbeat'), new Uint8Array([1, 2, 3]));
    b.bus.publish(a.subjects.all('heartbeat'), new Uint8Array([9, 2, 3]));
    await settled();
    expect(a.counts).toEqual({ malformed: 1, unknown: 1 });
  });

  it('answers questions, and gets null where nobody does', async () => {
    const { clock, join } = setUp();
    const [a, b] = [join('a'), join('b')];
    await settled();
    b.answer('state', (question) => new Uint8Array([...question, 7]));
    expect(await a.ask('b', 'state', new Uint8Array([1]), 1_000)).toEqual(new Uint8Array([1, 7]));
    const none = a.ask('nobody', 'state', new Uint8Array([1]), 1_000);
    await clock.pass(1_500);
    expect(await none).toBeNull();
  });

  it('warns of a second process of its name', async () => {
    const { clock, join, warnings } = setUp();
    for (const session of [1, 2]) join('a', 'node', session);
    await clock.pass(10_000);
    expect(warnings.join()).toContain('calls itself a');
  });
});
