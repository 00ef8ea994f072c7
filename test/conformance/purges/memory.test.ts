import { askedLog, serveLog } from '@weir/proto/bus/asked-log.js';
import { Broker, memoryBus } from '@weir/proto/bus/broker.js';
import { memoryLog } from '@weir/proto/bus/memory-log.js';
import { memberBytes, ORDER, orderBytes } from '@weir/proto/cluster/purge-entries.js';
import { expect, it } from 'vitest';
import { onStage, type Stage } from '../../support/stage.js';
import { realClock } from '../bus/bus-suite.js';
import { place, signer, startControl, startNode, subjects, type Way } from './world.js';

/** As `weir up` has it: control's process has the log, nodes ask for it over the bus. */
function cluster(stage: Stage) {
  const broker = new Broker();
  const log = memoryLog({ identity: 'm' });
  const busOf = (id: string) => memoryBus(broker, { clock: realClock, inbox: subjects.inbox(id) });
  const holder = busOf('holder');
  serveLog(holder, place, log);
  const way = (id: string): Way => {
    const bus = busOf(id);
    return { bus, log: askedLog(bus, place) };
  };
  const node = (id: string) => {
    const started = startNode(id, way(id));
    stage.onEnd(() => started.end());
    return started;
  };
  const control = startControl('k', { bus: busOf('k'), log }, true);
  stage.onEnd(() => control.end());
  return { log, node, control, way };
}

it('a purge is acknowledged by all nodes that have joined, which serve nothing of it and all the rest', () =>
  onStage(async (stage) => {
    const { node, control } = cluster(stage);
    const nodes = [node('a'), node('b'), node('c')];
    await Promise.all(nodes.map((each) => each.isServing()));
    for (const each of nodes) {
      each.store('/meant', 'red');
      each.store('/other', 'blue');
      expect([each.servesStored('/meant'), each.servesStored('/other')]).toEqual([true, true]);
    }
    const { obeyed, missing } = await control.purgeTag('red');
    expect([obeyed.map((each) => each.node).sort(), missing]).toEqual([['a', 'b', 'c'], []]);
    for (const each of nodes) expect([each.servesStored('/meant'), each.servesStored('/other')]).toEqual([false, true]);
  }));

it('what was asked for before a purge, and comes after it, is not served', () =>
  onStage(async (stage) => {
    const { node, control } = cluster(stage);
    const one = node('a');
    await one.isServing();
    one.layer.send({ path: '/late' });
    const call = one.layer.call(one.layer.upstream.calls.length - 1);
    await control.purgeTag('red');
    call.answer(200, ['cache-control', 'max-age=3600', 'cache-tag', 'red'], 'old');
    expect(one.servesStored('/late')).toBe(false);
  }));

it('a node that leaves is waited for while its lease may last, and by no later purge: anybody may have said goodbye in its name', () =>
  onStage(async (stage) => {
    const { node, control } = cluster(stage);
    const [one, other] = [node('a'), node('b')];
    await Promise.all([one.isServing(), other.isServing()]);
    await other.end();
    expect(other.driver.isServing).toBe(false);
    const { obeyed, lapsed } = await control.purgeTag('red');
    expect([obeyed.map((each) => each.node), lapsed?.map((each) => each.node)]).toEqual([['a'], ['b']]);
    const later = await control.purgeTag('red');
    expect([later.obeyed.map((each) => each.node), later.lapsed]).toEqual([['a'], undefined]);
  }));

it('words in the log that are not signed by control, or not theirs to say, mean nothing, and the rest goes on', () =>
  onStage(async (stage) => {
    const { log, node, control } = cluster(stage);
    const one = node('a');
    await one.isServing();
    one.store('/x', 'red');
    const all = { entry: 'purge', targets: [{ kind: 'all' }], isSoft: false } as const;
    const forged = orderBytes(all, 'c1', signer);
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    await log.append(ORDER, forged);
    await log.append(ORDER, new Uint8Array(7));
    await log.append('member', memberBytes(all));
    await log.append(
      'member',
      memberBytes({ entry: 'out', id: 'a', incarnation: one.presence.life.incarnation, isOwn: false }),
    );
    await log.append('somebody', Uint8Array.of(1, 2, 3));
    await expect.poll(() => one.driver.following().epoch).toBe((await log.bounds())?.last);
    expect([one.servesStored('/x'), one.driver.following().refused]).toEqual([true, 5]);
    expect((await control.purgeTag('red')).obeyed.map((each) => each.node)).toEqual(['a']);
    expect([one.servesStored('/x'), control.purges.reading().refused]).toEqual([false, 5]);
  }));

it('what clients have changed by one node is gone on all others, and not acknowledged by any', () =>
  onStage(async (stage) => {
    const { node, control, way } = cluster(stage);
    const nodes = [node('a'), node('b'), node('c')] as const;
    await Promise.all(nodes.map((each) => each.isServing()));
    let acknowledged = 0;
    way('listener').bus.subscribe(subjects.all('purge.ack'), () => {
      acknowledged += 1;
    });
    for (const each of nodes) for (const path of ['/meant', '/other']) each.store(path, 'red');
    const url = { authority: 'api.example.com', path: '/meant', query: '' };
    expect(await nodes[0].driver.tellChanged([url])).toMatchObject({ ok: true });
    await expect.poll(() => nodes.map((each) => each.driver.following().behind)).toEqual([0, 0, 0]);
    await expect.poll(() => nodes[2].servesStored('/meant')).toBe(false);
    await expect.poll(() => nodes[1].servesStored('/meant')).toBe(false);
    // Whoever has told it has obeyed before, and may have stored what is newer.
    expect([nodes[0].servesStored('/meant'), acknowledged]).toEqual([true, 0]);
    for (const each of nodes) expect(each.servesStored('/other')).toBe(true);
    expect((await control.purgeTag('red')).obeyed).toHaveLength(3);
  }));

it('many purges at once are each acknowledged by all', () =>
  onStage(async (stage) => {
    const { node, control } = cluster(stage);
    const nodes = [node('a'), node('b')];
    await Promise.all(nodes.map((each) => each.isServing()));
    for (let at = 0; at < 50; at += 1) for (const each of nodes) each.store(`/${at}`, `t${at}`);
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, at) => control.purgeTag(`t${at}`)));
    for (const { obeyed, missing } of outcomes)
      expect([obeyed.map((each) => each.node).sort(), missing]).toEqual([['a', 'b'], []]);
    for (let at = 0; at < 50; at += 1) for (const each of nodes) expect(each.servesStored(`/${at}`)).toBe(false);
  }));
