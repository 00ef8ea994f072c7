import { purgeOnAll } from '@weir/node/cluster/client-purges.js';
import { askedLog, serveLog } from '@weir/proto/bus/asked-log.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { memoryLog } from '@weir/proto/bus/memory-log.js';
import { PURGE_URLS_QUESTION } from '@weir/proto/events/purge-question.js';
import { encodeMessage } from '@weir/proto/events/wire.js';
import { expect, it } from 'vitest';
import { onStage, type Stage, until } from '../../support/stage.js';
import { realClock } from '../bus/bus-suite.js';
import { place, startControl, startNode, subjects, type Way } from './world.js';

/** As clients name what layer.send({ path }) stores. */
const urlOf = (path: string) => ({ authority: 'api.example.com', path, query: '' });

function cluster(stage: Stage) {
  const broker = new Broker();
  const log = memoryLog({ identity: 'm' });
  const busOf = (id: string) => memoryBus(broker, { clock: realClock, inbox: subjects.inbox(id) });
  serveLog(busOf('holder'), place, log);
  const way = (id: string): Way => {
    const bus = busOf(id);
    return { bus, log: askedLog(bus, place) };
  };
  const node = (id: string, over = way(id)) => {
    const started = startNode(id, over);
    stage.onEnd(() => started.end());
    return started;
  };
  const control = (id: string) => {
    const started = startControl(id, { bus: busOf(id), log }, true);
    stage.onEnd(() => started.end());
    return started;
  };
  return { node, control, way, busOf };
}

type Started = ReturnType<typeof startNode>;
const seesControl = ({ presence }: Started, id = 'k') =>
  until(
    () => presence.members().some(({ life, standing }) => life.id === id && standing === 'alive'),
    () => 'the control is not seen',
  );

it('a client that purges by one node is answered when no node serves the URL, hard or soft, and the rest stays', () =>
  onStage(async (stage) => {
    const { node, control } = cluster(stage);
    control('k');
    const nodes = [node('a'), node('b'), node('c')] as const;
    await Promise.all(nodes.map((each) => each.isServing()));
    await seesControl(nodes[0]);
    for (const isSoft of [false, true]) {
      for (const each of nodes) for (const path of ['/meant', '/other']) each.store(path, 'red');
      const byAll = await purgeOnAll(nodes[0].presence, realClock, urlOf('/meant'), isSoft, 5_000);
      expect([[...byAll.nodes].sort(), byAll.missing]).toEqual([['a', 'b', 'c'], []]);
      for (const each of nodes)
        expect([each.servesStored('/meant'), each.servesStored('/other')]).toEqual([false, true]);
    }
  }));

it('names the node that has not obeyed by the time that the client has', () =>
  onStage(async (stage) => {
    const { node, control, way } = cluster(stage);
    control('k');
    const one = node('a');
    const over = way('b');
    let isDeaf = false;
    // It hears nothing of the log from some moment on, and can't be asked either.
    const deaf = node('b', {
      bus: {
        ...over.bus,
        state: () => over.bus.state(),
        counts: over.bus.counts,
        publish: (subject, bytes) => (isDeaf ? 'away' : over.bus.publish(subject, bytes)),
        subscribe: (pattern, onMessage) => over.bus.subscribe(pattern, (message) => isDeaf || onMessage(message)),
        gather: (subject, bytes, options) => over.bus.gather(subject, bytes, options),
        pendingBytes: () => 0,
        onStateChange: (listener) => over.bus.onStateChange(listener),
        close: () => over.bus.close(),
      },
      log: {
        ...over.log,
        append: (writer, bytes) => over.log.append(writer, bytes),
        bounds: async () => (isDeaf ? null : over.log.bounds()),
        read: async (from, max) => (isDeaf ? null : over.log.read(from, max)),
        follow: (onRecord) => over.log.follow((record) => isDeaf || onRecord(record)),
        close: () => over.log.close(),
      },
    });
    await Promise.all([one.isServing(), deaf.isServing()]);
    await seesControl(one);
    isDeaf = true;
    const { nodes, missing } = await purgeOnAll(one.presence, realClock, urlOf('/x'), false, 700);
    expect([nodes, missing]).toEqual([['a'], [{ node: 'b', reason: expect.stringContaining('not acknowledged') }]]);
  }));

it('is not confirmed where no control is there, and asks the next control where one is silent', () =>
  onStage(async (stage) => {
    const { node, control, busOf } = cluster(stage);
    const one = node('a');
    expect((await purgeOnAll(one.presence, realClock, urlOf('/x'), false, 200)).missing).toMatchObject([
      { node: 'control' },
    ]);
    // One that comes while the client waits is asked, as it is by a node that has just come itself.
    const early = purgeOnAll(one.presence, realClock, urlOf('/x'), false, 10_000);
    control('k');
    expect((await early).missing).toEqual([]);
    await one.isServing();
    await seesControl(one);
    const [k] = one.presence.members().filter(({ life }) => life.id === 'k');
    if (k === undefined) throw new Error('it was seen');
    // A control that is seen, and that nobody is at home at.
    const silent = { ...k, life: { ...k.life, id: 'silent' } };
    const presence = {
      members: () => [silent, k],
      ask: one.presence.ask.bind(one.presence),
      onChange: () => () => {},
    };
    const { nodes, missing } = await purgeOnAll(presence, realClock, urlOf('/x'), false, 10_000);
    expect([nodes, missing]).toEqual([['a'], []]);
    // What a node may not ask for is not answered.
    const everything = {
      kind: 'log',
      number: 0,
      content: { entry: 'purge', targets: [{ kind: 'all' }], isSoft: false },
    };
    const asked = subjects.ask('k', PURGE_URLS_QUESTION);
    const bytes = encodeMessage(everything as Parameters<typeof encodeMessage>[0]);
    const { replies } = await busOf('x').gather(asked, bytes, { withinMs: 100, repliesMax: 1 });
    expect(replies).toEqual([]);
  }));
