import { memoryLog } from '@weir/proto/bus/memory-log.js';
import type { SharedLog } from '@weir/proto/bus/shared-log.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TroubledLog } from '../log/testing/troubled-log.js';
import type { AuditEntry } from '../model/entities.js';
import { violations } from '../model/invariants.js';
import { actorOf, askedOf, drawnCommand, factsOf } from '../model/testing/random-commands.js';
import { type Entry, encodeEntry } from './entry.js';
import { openLogRegistry } from './log-registry.js';
import type { Registry } from './registry.js';
import { everything } from './state.js';
import { local, memoryRegistry } from './testing/memory-registry.js';

let drawn = 0;
const open = (log: SharedLog, say: (text: string) => void = () => {}) =>
  openLogRegistry({
    ...{ log, checkpoints: null, writer: 'w', wallMs: () => 1_000, every: null, say },
    draw: () => `d${String(drawn++).padStart(6, '0')}`,
    reservedPaths: () => [],
  });

const team = (id: string) => ({ what: 'team.create', actor: local, input: { id, name: id } });
const contentOf = (registry: Registry) => JSON.stringify([...everything(registry)]);
const entry = (fields: Partial<Entry>): Entry => ({
  ...{
    number: 1,
    before: '',
    id: 'x',
    what: 'team.create',
    on: 'team x',
    actor: local,
    atWallMs: 1,
    reason: '',
    changes: [],
  },
  ...fields,
});

describe('the registry', () => {
  it('is known once it was read, tells when that comes late, and stays known when its log goes', async () => {
    const log = memoryLog();
    await (await open(log)).execute(team('shop'));
    let isAway = true;
    let look = (): void => {};
    const reached: SharedLog = {
      append: (...asked) => log.append(...asked),
      bounds: async () => (isAway ? null : log.bounds()),
      read: (...asked) => log.read(...asked),
      follow: (onRecord) => log.follow(onRecord),
      close: () => log.close(),
    };
    const registry = await openLogRegistry({
      ...{ log: reached, checkpoints: null, writer: 'w', wallMs: () => 1_000, say: () => {}, draw: () => 'd' },
      reservedPaths: () => [],
      every(run) {
        look = run;
        return () => {};
      },
    });
    let told = 0;
    registry.onRebuilt(() => {
      told += 1;
    });
    expect([registry.isKnown, registry.number, told]).toEqual([false, 0, 0]);
    isAway = false;
    look();
    await expect.poll(() => registry.isKnown).toBe(true);
    expect([registry.number, registry.trouble(), told]).toEqual([1, '', 1]);
    isAway = true;
    look();
    await expect.poll(() => registry.trouble()).not.toBe('');
    expect([registry.isKnown, registry.number, told]).toEqual([true, 1, 1]);
    await registry.close();
  });

  it('has what was executed, tells who did it, and is the same when it is opened again', async () => {
    const log = memoryLog();
    const registry = await open(log);
    const heard: string[] = [];
    registry.onChange(({ what, on }) => heard.push(`${what} ${on}`));
    const made = await registry.execute({ ...team('shop'), reason: 'new' });
    expect(made).toMatchObject({
      ok: true,
      isNew: true,
      entry: { number: 1, what: 'team.create', on: 'team shop', reason: 'new' },
    });
    expect(await registry.execute(team('shop'))).toMatchObject({ ok: false, why: 'conflict' });
    expect(await registry.execute({ ...team('x'), actor: { ...local, via: 'none' } })).toMatchObject({
      ok: false,
      why: 'forbidden',
    });
    expect(registry.get('team', 'shop')).toMatchObject({ version: 1, name: 'shop' });
    expect([registry.number, heard]).toEqual([1, ['team.create team shop']]);
    const again = await open(log);
    expect(contentOf(again)).toBe(contentOf(registry));
    expect(await again.audit(0, 10)).toEqual([made.ok && made.entry]);
  });

  it('does once what is asked for twice with one id, and refuses the id to another command', async () => {
    const registry = await memoryRegistry();
    const first = await registry.execute({ ...team('shop'), id: 'key-1' });
    expect(await registry.execute({ ...team('shop'), id: 'key-1' })).toEqual({ ...first, isNew: false });
    expect(registry.number).toBe(1);
    const other = { what: 'team.delete', actor: local, input: { id: 'shop' }, id: 'key-1' };
    expect(await registry.execute(other)).toMatchObject({ ok: false, why: 'conflict' });
    expect(
      await registry.execute({ ...team('shop'), id: 'key-1', actor: { ...local, userId: 'u', via: 'session' } }),
    ).toMatchObject({ why: 'conflict' });
    for (const id of ['', 'a b', 'é', 'x'.repeat(129)])
      expect(await registry.execute({ ...team('b'), id })).toMatchObject({ why: 'invalid' });
  });

  it('knows by the fingerprint of an id that its key comes again with something else, also when it is opened again', async () => {
    const log = memoryLog();
    const registry = await open(log);
    const first = await registry.execute({ ...team('shop'), id: 'key~a' });
    for (const opened of [registry, await open(log)]) {
      expect(await opened.execute({ ...team('shop'), id: 'key~a' })).toEqual({ ...first, isNew: false });
      expect(await opened.execute({ ...team('shop'), id: 'key~b' })).toMatchObject({ ok: false, why: 'reused' });
      // As earlier releases made them.
      expect(await opened.execute({ ...team('shop'), id: 'key' })).toEqual({ ...first, isNew: false });
      expect(['key~a', 'key~b', 'key', 'other~a'].map((id) => opened.earlier(id))).toEqual([
        ...['same', 'other', 'same', 'none'],
      ]);
    }
    expect(registry.number).toBe(1);
  });

  it('tells one of two that send the same at once what was made by the other', async () => {
    const log = memoryLog();
    const members = [await open(log), await open(log)];
    const user = { what: 'user.create', actor: local, input: { login: 'ada', name: 'Ada' }, id: 'key~a' };
    const told = await Promise.all(members.map((member) => member.execute(user)));
    const ids = told.map((one) => (one.ok ? one.entry.changes[0]?.id : one.why));
    const [made] = (await open(log)).all('user');
    expect(ids).toEqual([made?.id, made?.id]);
    expect(told.map((one) => one.ok && one.isNew).sort()).toEqual([false, true]);
  });

  it('counts what was made, once, and what there was no room for', async () => {
    const registry = await open(memoryLog());
    await registry.execute({ ...team('shop'), id: 'key' });
    await registry.execute({ ...team('shop'), id: 'key' });
    // Somebody's own mistake is none of these.
    await registry.execute(team('shop'));
    expect(registry.writes()).toEqual({ made: 1, refused: { user: 0, team: 0, queue: 0, log: 0 } });
    const many = Array.from({ length: 300 }, (_, i) => registry.execute(team(`t${i}`)));
    await Promise.all(many);
    expect(registry.writes()).toEqual({ made: 257, refused: { user: 0, team: 0, queue: 44, log: 0 } });
  });

  it('of several members over one log has one order: who was late is decided anew, on what is there', async () => {
    const log = memoryLog();
    const members = [await open(log), await open(log), await open(log)];
    const asked = members.flatMap((member) => ['a', 'b', 'c'].map((id) => member.execute(team(id))));
    const outcomes = await Promise.all(asked);
    expect(outcomes.filter(({ ok }) => ok).length).toBe(3);
    // Who was late has written nothing.
    expect((await log.bounds())?.last).toBe(3);
    for (const outcome of outcomes)
      if (!outcome.ok) expect(outcome).toMatchObject({ why: 'conflict', detail: expect.stringContaining('already') });
    for (const member of members) {
      await member.execute({ what: 'none', actor: local, input: {} });
      expect(contentOf(member)).toBe(contentOf(members[0] as Registry));
    }
  });

  it('takes nothing from garbage, nor from what was appended without sight of the last, and stops at what is of a later release', async () => {
    const log = memoryLog();
    const said: string[] = [];
    const registry = await open(log, (text) => said.push(text));
    await registry.execute({ ...team('shop'), id: 'one' });
    await log.append('w', Uint8Array.of(0, 1, 2));
    const orphans = [
      { number: 2, before: 'other' },
      { number: 1, before: '' },
      { number: 3, before: 'one' },
      { number: 2, before: 'one', id: 'one' },
    ];
    for (const orphan of orphans)
      await log.append('w', encodeEntry(entry({ ...orphan, changes: [{ kind: 'team', id: 'shop', value: null }] })));
    expect(await registry.execute(team('two'))).toMatchObject({ ok: true, entry: { number: 2 } });
    expect((await registry.audit(0, 9))?.map(({ number, on }) => [number, on])).toEqual([
      [2, 'team two'],
      [1, 'team shop'],
    ]);
    expect((await registry.audit(2, 9))?.map(({ number }) => number)).toEqual([1]);
    await log.append('w', Uint8Array.of(2, 0));
    expect(await registry.execute(team('three'))).toMatchObject({
      ok: false,
      why: 'away',
      detail: expect.stringContaining('later release'),
    });
    expect([registry.count('team'), registry.trouble(), said.length]).toEqual([2, said[0], 1]);
    const again = await open(log);
    expect([again.count('team'), again.trouble()]).toEqual([2, said[0]]);
  });

  it('refuses what does not fit into an entry, and says what to do', async () => {
    const registry = await memoryRegistry();
    await registry.must('team.create', { id: 'shop', name: 'Shop' });
    await registry.must('service.create', { id: 'shop', teamId: 'shop', name: 'Shop', basePath: '/shop' });
    const random = mulberry(1);
    const noise = Array.from({ length: 2_000_000 }, () => Math.floor(random() * 36).toString(36)).join('');
    const refused = await registry.execute({
      what: 'service.set-draft',
      actor: local,
      input: { id: 'shop', draft: { contract: noise } },
    });
    expect(refused).toMatchObject({ ok: false, why: 'invalid', faults: [{ cure: expect.stringContaining('split') }] });
    const contract = JSON.stringify({
      openapi: '3.1.0',
      paths: Object.fromEntries(
        Array.from({ length: 9_000 }, (_, n) => [
          `/orders/${n}`,
          { get: { description: `Reads order ${n}, with its lines.` } },
        ]),
      ),
    });
    await registry.must('service.set-draft', { id: 'shop', draft: { contract, routes: [{ match: '/*' }] } });
    await registry.must('service.publish', { id: 'shop' });
    expect(registry.get('release', 'shop@1')?.design).toBe(registry.get('service', 'shop')?.draft);
    expect(registry.designsChars).toBeGreaterThan(2 * contract.length);
  });

  it('is what its log says, whatever was executed: replayed it gives the same state', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(drawnCommand(), { maxLength: 80, size: 'max' }), async (list) => {
        const log = memoryLog();
        const registry = await open(log);
        const told: AuditEntry[] = [];
        registry.onChange((one) => told.push(one));
        for (const [step, one] of list.entries()) {
          const asked = askedOf(one, registry);
          await registry.execute({
            what: asked.what,
            input: asked.input,
            actor: actorOf(one, registry),
            facts: factsOf(step, asked),
          });
        }
        expect(violations(registry)).toEqual([]);
        const again = await open(log);
        expect(contentOf(again)).toBe(contentOf(registry));
        expect(again.number).toBe(told.length);
        expect((await again.audit(0, 200))?.slice().reverse()).toEqual(told);
      }),
      { numRuns: 30 },
    );
  });
});

describe('the registry over a log in trouble', () => {
  it('acknowledges nothing that is not there, once, and tells which is which', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 5, max: 25 }), async (seed, count) => {
        const random = mulberry(seed);
        const troubled = new TroubledLog(random, { away: 0.15, uncertain: 0.3 });
        const members = [await open(troubled.reach(() => false)), await open(troubled.reach(() => false))];
        const acknowledged: string[] = [];
        const refused: string[] = [];
        await Promise.all(
          members.map(async (member, index) => {
            for (let at = 0; at < count; at += 1) {
              const id = `t${index}-${at}`;
              const outcome = await member.execute({ ...team(id), id });
              if (outcome.ok) acknowledged.push(id);
              else if (outcome.why !== 'uncertain') refused.push(id);
            }
          }),
        );
        troubled.troubles.away = 0;
        troubled.troubles.uncertain = 0;
        const reader = await open(troubled.reach(() => false));
        for (const id of acknowledged) expect(reader.get('team', id)?.version).toBe(1);
        for (const id of refused) expect(reader.get('team', id)).toBe(null);
        // Asked again with the same id, each is done once.
        for (const id of [...acknowledged, ...refused]) await reader.execute({ ...team(id), id });
        expect((await reader.audit(0, 200))?.filter(({ id }) => id === acknowledged[0]).length ?? 0).toBe(
          acknowledged.length > 0 ? 1 : 0,
        );
      }),
      { numRuns: 60 },
    );
  });
});

function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
