import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { violations } from '../model/invariants.js';
import { actorOf, askedOf, drawnCommand, factsOf } from '../model/testing/random-commands.js';
import { limitsOfRegistry, lmdbStore } from './lmdb-store.js';
import { openLogRegistry } from './log-registry.js';
import { openEmbeddedRegistry } from './open-registry.js';
import type { Ordered, Registry } from './registry.js';
import { everything } from './state.js';
import { writeLarge } from './testing/large-registry.js';
import { local } from './testing/memory-registry.js';

let folder = '';
let said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-registry-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const embedded = (file = join(folder, 'registry.mdb')) =>
  openEmbeddedRegistry({ file, wallMs: () => 1_000, say: (text) => said.push(text), reservedPaths: () => [] });
const contentOf = (registry: Registry) => JSON.stringify([...everything(registry)]);
const team = (id: string) => ({ what: 'team.create', actor: local, input: { id, name: id } });

describe('the registry on disk', () => {
  it('has what was acknowledged when it is opened again, and is not made by a look', async () => {
    const file = join(folder, 'deep', 'registry.mdb');
    const registry = await embedded(file);
    expect([existsSync(file), await registry.audit(0, 9), registry.count('team')]).toEqual([false, [], 0]);
    for (let n = 0; n < 70; n += 1) expect(await registry.execute(team(`t${n}`))).toMatchObject({ ok: true });
    const before = contentOf(registry);
    const audit = await registry.audit(0, 200);
    await registry.close();
    const again = await embedded(file);
    expect([contentOf(again), await again.audit(0, 200), again.number]).toEqual([before, audit, 70]);
    expect(await again.execute({ ...team('t1'), id: audit?.[68]?.id ?? '' })).toMatchObject({ ok: true, isNew: false });
    expect(await again.execute(team('more'))).toMatchObject({ ok: true, entry: { number: 71 } });
    await again.close();
    expect(said).toEqual([]);
  });

  it('may be read by its owner alone, also in a folder that all may read, and where an earlier release has left it open', async () => {
    const file = join(folder, 'registry.mdb');
    chmodSync(folder, 0o755);
    const modes = () => [file, `${file}-lock`].map((path) => (statSync(path).mode & 0o777).toString(8));
    const registry = await embedded(file);
    await registry.execute(team('shop'));
    expect(modes()).toEqual(['600', '600']);
    await registry.close();
    chmodSync(file, 0o644);
    const again = await embedded(file);
    expect([modes()[0], again.number]).toEqual(['600', 1]);
    await again.close();
  });

  it('is the same in two processes with one folder: what one has written is known to the other without being asked', async () => {
    const file = join(folder, 'registry.mdb');
    let run = (): void => {};
    const clock = {
      after(_ms: number, next: () => void) {
        run = next;
        return () => {};
      },
    };
    const options = { file, wallMs: () => 1_000, say: (text: string) => said.push(text), reservedPaths: () => [] };
    const one = await openEmbeddedRegistry(options);
    const other = await openEmbeddedRegistry({ ...options, clock });
    const heard: string[] = [];
    other.onChange(({ on }) => heard.push(on));
    await one.execute(team('shop'));
    run();
    await expect.poll(() => heard).toEqual(['team shop']);
    expect([other.number, contentOf(other)]).toEqual([1, contentOf(one)]);
    await one.close();
    await other.close();
    expect(said).toEqual([]);
  });

  it('is the same from its rows and its tail as from its whole log, wherever its process ended', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(drawnCommand(), { minLength: 20, maxLength: 150, size: 'max' }),
        fc.nat(3),
        async (list, ends) => {
          const file = join(folder, `${Math.random()}.mdb`);
          const openStore = () => lmdbStore(file, (text) => said.push(text), limitsOfRegistry, 6);
          let store = openStore();
          let step = 0;
          const openOver = (checkpoints = store.checkpoints as typeof store.checkpoints | null) =>
            openLogRegistry({
              ...{
                log: store.log,
                checkpoints,
                writer: 'up',
                wallMs: () => 1_000 + step,
                every: null,
                say: (text) => said.push(text),
              },
              draw: () => `d${step}`,
              reservedPaths: () => [],
            });
          let registry = await openOver();
          for (const one of list) {
            step += 1;
            const asked = askedOf(one, registry);
            await registry.execute({
              what: asked.what,
              input: asked.input,
              actor: actorOf(one, registry),
              facts: factsOf(step, asked),
            });
            if (step % 25 !== ends) continue;
            // As after a crash: nothing is written at the end.
            await store.close();
            store = openStore();
            registry = await openOver();
          }
          const replayed = await openOver(null);
          expect(contentOf(replayed)).toBe(contentOf(registry));
          expect([replayed.number, violations(registry), said]).toEqual([registry.number, [], []]);
          await store.close();
        },
      ),
      { numRuns: 12 },
    );
  });

  it('gives up old entries, and none that its rows do not cover', async () => {
    const file = join(folder, 'r.mdb');
    const limits = { entriesMax: 10, bytesMax: 1_000_000 };
    const openOver = (store: ReturnType<typeof lmdbStore>) =>
      openLogRegistry({
        ...{
          log: store.log,
          checkpoints: store.checkpoints,
          writer: 'up',
          wallMs: () => 1,
          every: null,
          say: (text) => said.push(text),
        },
        draw: () => `d${Math.random().toString(36).slice(2)}`,
        reservedPaths: () => [],
      });
    let store = lmdbStore(file, undefined, limits);
    const registry = await openOver(store);
    for (let n = 1; n <= 63; n += 1) await registry.execute(team(`t${n}`));
    expect(await store.log.bounds()).toEqual({ first: 1, last: 63 });
    for (let n = 64; n <= 100; n += 1) await registry.execute(team(`t${n}`));
    expect(await store.log.bounds()).toMatchObject({ first: 64, last: 100 });
    expect((await registry.audit(0, 200))?.map(({ number }) => number)).toEqual(
      Array.from({ length: 37 }, (_, n) => 100 - n),
    );
    const before = contentOf(registry);
    await store.close();
    store = lmdbStore(file, undefined, limits);
    const again = await openOver(store);
    expect([contentOf(again), said]).toEqual([before, []]);
    await again.close();
    await store.close();
  });

  it('whose rows can not be read says so, and does not take the rest of its log for all', async () => {
    const file = join(folder, 'r.mdb');
    const registry = await embedded(file);
    for (let n = 1; n <= 70; n += 1) await registry.execute(team(`t${n}`));
    await registry.close();
    const root = open<Buffer, string>({ path: file, noSubdir: true, encoding: 'binary', maxDbs: 4 });
    root.openDB<Buffer, string>({ name: 'state', encoding: 'binary' }).putSync('team t1', Buffer.of(0, 1, 2));
    await root.close();
    // All of the log is there yet: it is read from its beginning.
    const replayed = await embedded(file);
    expect([replayed.count('team'), said]).toEqual([70, [expect.stringContaining("row team t1 can't be read")]]);
    await replayed.close();
    const second = open<Buffer, string>({ path: file, noSubdir: true, encoding: 'binary', maxDbs: 4 });
    second.openDB<Buffer, string>({ name: 'state', encoding: 'binary' }).putSync('!', Buffer.of(9));
    second.openDB<Buffer, number>({ name: 'entries', encoding: 'binary', keyEncoding: 'uint32' }).removeSync(1);
    await second.close();
    const gone = await embedded(file);
    expect([gone.count('team'), gone.trouble()]).toEqual([0, expect.stringContaining('nothing is written')]);
    expect(await gone.execute(team('x'))).toMatchObject({ ok: false, why: 'away' });
    await gone.close();
  });

  it('of two processes has one order', async () => {
    const [a, b] = [await embedded(), await embedded()];
    const outcomes = await Promise.all([...'abcdef'].flatMap((id) => [a.execute(team(id)), b.execute(team(id))]));
    expect(outcomes.filter(({ ok }) => ok).length).toBe(6);
    await a.execute({ what: 'none', actor: local, input: {} });
    expect(contentOf(a)).toBe(contentOf(b));
    await a.close();
    await b.close();
    const again = await embedded();
    expect(again.count('team')).toBe(6);
    await again.close();
  });
});

describe('a large registry', () => {
  it('finds, lists and pages as a look at each would', async () => {
    const store = lmdbStore(join(folder, 'r.mdb'));
    await writeLarge(store.log, { services: 300, keys: 2_000 });
    await store.close();
    const registry = await embedded(join(folder, 'r.mdb'));
    for (const [q, by] of [
      ['order', {}],
      ['ORDER s16', {}],
      ['', { teamId: 'team-1' }],
      ['stock', { teamId: 'team-2' }],
      ['nothing', {}],
    ] as const) {
      const expected = [...registry.all('service')].filter(
        ({ id, name, basePath, tags, teamId }) =>
          (!('teamId' in by) || by.teamId === teamId) &&
          q
            .toLowerCase()
            .split(' ')
            .every((word) => [id, name, basePath, ...tags].join('\n').toLowerCase().includes(word)),
      );
      const paged: string[] = [];
      for (let after: string | null = ''; after !== null; ) {
        const page: Ordered<'service'> = registry.list('service', { q, by, after, max: 7 });
        paged.push(...page.items.map(({ id }) => id));
        expect(page.items.length).toBeLessThanOrEqual(7);
        after = page.next;
      }
      expect(paged).toEqual(expected.map(({ id }) => id).sort());
    }
    expect([registry.count('service'), registry.count('key'), registry.trouble()]).toEqual([300, 2_000, '']);
    expect(registry.list('key', { by: { applicationId: 'app-7' }, max: 50 }).items.length).toBe(10);
    expect(registry.keyByHash((42).toString(16).padStart(64, '0'))?.id).toBe('key-42');
    expect(violations(registry)).toEqual([]);
    await registry.close();
  });
});
