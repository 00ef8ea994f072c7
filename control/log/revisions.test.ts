import { seededRandom, seedsOfRun } from '@weir/proto/cluster/testing/world.js';
import { describe, expect, it } from 'vitest';
import { decodeEntry } from './entry.js';
import type { Change, Outcome, Revision, Revisions } from './revision.js';
import { openRevisions } from './revisions.js';
import { MemoryDisk, TroubledLog } from './testing/troubled-log.js';

const idOf = (n: number): string => n.toString(16).padStart(32, '0');
const change = (n: number, text = `config ${n}`): Change => ({
  id: idOf(n),
  author: 'ada',
  reason: '',
  text,
  restores: 0,
});

interface Member {
  readonly disk: MemoryDisk;
  readonly revisions: Revisions;
  readonly heard: Revision[];
  /** For what `follow` has missed. */
  look(): void;
  crash(): void;
}

async function startMember(log: TroubledLog, disk: MemoryDisk, said: string[] = []): Promise<Member> {
  let isDown = false;
  let look = (): void => {};
  const opened = await openRevisions({
    log: log.reach(() => isDown),
    copy: disk.reach(() => isDown),
    writer: 'w',
    wallMs: () => 1_000,
    every: (run) => {
      look = run;
      return () => {};
    },
    say: (text) => said.push(text),
  });
  const heard: Revision[] = [];
  opened.onChange((current) => heard.push(current));
  return { disk, revisions: opened, heard, look: () => look(), crash: () => (isDown = true) };
}

const calm = () => new TroubledLog(seededRandom(1), { away: 0, uncertain: 0 });
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const ids = ({ revisions }: Member): string[] =>
  revisions
    .history(0, 1_000)
    .map(({ id }) => id)
    .reverse();
const numberOf = (outcome: Outcome): number => (outcome.ok ? outcome.revision.number : 0);

describe('revisions', () => {
  it('are numbered, kept with their texts, and told to all who listen', async () => {
    const log = calm();
    const [a, b] = [await startMember(log, new MemoryDisk()), await startMember(log, new MemoryDisk())];
    expect(await a.revisions.append(change(1), 0)).toMatchObject({ ok: true, isNew: true, revision: { number: 1 } });
    expect(await b.revisions.append(change(2), 1)).toMatchObject({ ok: true, revision: { number: 2, textBytes: 8 } });
    a.look();
    await settle();
    expect(a.revisions.current()).toMatchObject({ number: 2, text: 'config 2', author: 'ada', atWallMs: 1_000 });
    expect(await a.revisions.read(1)).toMatchObject({ number: 1, text: 'config 1' });
    expect(await a.revisions.read(3)).toBeNull();
    expect(a.heard.map(({ number }) => number)).toEqual([1, 2]);
    expect(b.revisions.history(0, 1)).toMatchObject([{ number: 2 }]);
    expect(b.revisions.history(2, 9)).toMatchObject([{ number: 1 }]);
  });

  it('of somebody who had not seen the last one are a conflict, which says who was first', async () => {
    const log = calm();
    const [a, b] = [await startMember(log, new MemoryDisk()), await startMember(log, new MemoryDisk())];
    await a.revisions.append(change(1), 0);
    const late = await b.revisions.append(change(2), 0);
    expect(late).toMatchObject({ ok: false, why: 'conflict', last: { number: 1, author: 'ada' } });
    expect(log.entries).toHaveLength(1);
    const early = await b.revisions.append(change(3), 7);
    expect(early).toMatchObject({ ok: false, why: 'conflict', last: { number: 1 } });
  });

  it('asked for at the same moment are one, and a conflict for the others', async () => {
    const log = calm();
    const members = [await startMember(log, new MemoryDisk()), await startMember(log, new MemoryDisk())];
    const outcomes = await Promise.all(
      members.flatMap(({ revisions }, i) => [1, 2].map((n) => revisions.append(change(2 * i + n), 0))),
    );
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    expect(outcomes.filter((outcome) => !outcome.ok && outcome.why === 'conflict')).toHaveLength(3);
    expect(log.entries).toHaveLength(1);
  });

  it('asked for again with the same id are the one that is there', async () => {
    const a = await startMember(calm(), new MemoryDisk());
    await a.revisions.append(change(1), 0);
    await a.revisions.append(change(2), 1);
    expect(await a.revisions.append(change(1), 0)).toMatchObject({ ok: true, isNew: false, revision: { number: 1 } });
  });

  it('that may be there are looked for, and never there twice', async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const log = new TroubledLog(seededRandom(seed), { away: 0, uncertain: 0.6 });
      const a = await startMember(log, new MemoryDisk());
      const outcome = await a.revisions.append(change(1), 0);
      if (outcome.ok) expect(outcome.revision.number).toBe(1);
      else expect(outcome.why).toBe('uncertain');
      expect(log.entries.length).toBeLessThanOrEqual(1);
    }
  });

  it('larger than a message may be are refused with the sizes', async () => {
    const random = seededRandom(5);
    const text = Array.from({ length: 2_000_000 }, () => String.fromCharCode(32 + Math.floor(random() * 95))).join('');
    const a = await startMember(calm(), new MemoryDisk());
    const outcome = await a.revisions.append(change(1, text), 0);
    expect(outcome).toMatchObject({ ok: false, why: 'refused' });
    expect(outcome.ok ? '' : outcome.detail).toMatch(/^it takes 1\d{3} KiB compressed, and 900 KiB is the most$/);
  });

  it('of the size that a config may have fit, whatever is in them', async () => {
    const random = seededRandom(6);
    const text = Array.from({ length: 1024 * 1024 }, () => String.fromCharCode(32 + Math.floor(random() * 95))).join(
      '',
    );
    const a = await startMember(calm(), new MemoryDisk());
    expect(await a.revisions.append(change(1, text), 0)).toMatchObject({ ok: true });
    expect(a.revisions.current()?.text).toBe(text);
  });

  it('are shown from the copy while the log is away, and none is taken', async () => {
    const log = calm();
    const a = await startMember(log, new MemoryDisk());
    await a.revisions.append(change(1), 0);
    a.crash();
    log.troubles.away = 1;
    const again = await startMember(log, a.disk);
    expect(again.revisions.current()).toMatchObject({ number: 1, text: 'config 1' });
    expect(again.revisions.trouble()).toContain('cannot be reached');
    expect(await again.revisions.append(change(2), 1)).toMatchObject({ ok: false, why: 'away' });
  });
});

describe('a log that has lost revisions', () => {
  async function five() {
    const log = calm();
    const said: string[] = [];
    const a = await startMember(log, new MemoryDisk(), said);
    for (let n = 1; n <= 5; n += 1) await a.revisions.append(change(n), n - 1);
    return { log, said, a };
  }

  it('altogether gets them back with their numbers, and the one in force stays in force', async () => {
    const { log, a, said } = await five();
    const before = log.entries;
    log.loseTail(5);
    a.look();
    await settle();
    expect(log.entries).toEqual(before);
    expect(a.heard.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
    expect(said.join()).toContain('had lost 5 revisions');
  });

  it('at its end gets its tail back before anything is appended', async () => {
    const { log, a } = await five();
    log.loseTail(2);
    expect(await a.revisions.append(change(6), 5)).toMatchObject({ ok: true, revision: { number: 6 } });
    expect(ids(a)).toEqual([1, 2, 3, 4, 5, 6].map(idOf));
  });

  it('and has others in their place keeps those in force, and the lost ones behind them', async () => {
    const { log, a } = await five();
    a.crash();
    log.loseTail(3);
    const b = await startMember(log, new MemoryDisk());
    expect(numberOf(await b.revisions.append(change(9), 2))).toBe(3);
    const again = await startMember(log, a.disk);
    expect(ids(again)).toEqual([1, 2, 9, 3, 4, 5].map(idOf));
    expect(again.revisions.history(0, 3).map(({ recovers }) => recovers)).toEqual([5, 4, 3]);
    expect(again.revisions.current()).toMatchObject({ number: 3, id: idOf(9) });
    expect(again.revisions.last()).toMatchObject({ number: 6 });
    expect(await again.revisions.read(5)).toMatchObject({ text: 'config 4', recovers: 4 });
    b.look();
    await settle();
    expect([ids(b), b.disk.entries]).toEqual([ids(again), again.disk.entries]);
    expect(numberOf(await b.revisions.append(change(10), 6))).toBe(7);
    expect(b.revisions.current()).toMatchObject({ number: 7 });
  });

  it('that was filled by others up to the same length is no place for what they have not seen', async () => {
    const { log, a } = await five();
    const other = calm();
    const c = await startMember(other, new MemoryDisk());
    for (let n = 11; n <= 15; n += 1) await c.revisions.append(change(n), n - 11);
    log.entries = [...other.entries];
    expect(await a.revisions.append(change(6), 5)).toMatchObject({ ok: false, why: 'conflict', last: { number: 10 } });
    expect(ids(a)).toEqual([11, 12, 13, 14, 15, 1, 2, 3, 4, 5].map(idOf));
    expect(a.revisions.current()).toMatchObject({ id: idOf(15) });
  });

  it('is left alone where an entry is of a later release, and shown up to there', async () => {
    const { log, a } = await five();
    log.write(Uint8Array.of(2, 1, 1));
    expect(await a.revisions.append(change(6), 5)).toMatchObject({ ok: false, why: 'away' });
    expect(a.revisions.trouble()).toContain('later release');
    expect(a.revisions.current()).toMatchObject({ number: 5 });
    expect(log.entries).toHaveLength(6);
  });

  it('is not stopped by garbage', async () => {
    const { log, a } = await five();
    for (const garbage of [[], [0], [1], [1, 0x81], [0x7b, 1]])
      if (garbage[0] !== 0x7b) log.write(Uint8Array.from(garbage));
    expect(await a.revisions.append(change(6), 5)).toMatchObject({ ok: true, revision: { number: 6 } });
    const b = await startMember(log, new MemoryDisk());
    expect(ids(b)).toEqual([1, 2, 3, 4, 5, 6].map(idOf));
  });
});

/**
 * Members that append, crash at any call and come back with their disks, over a log that loses its tail, or all of it, and answers.
 * When all is calm again: what was acknowledged is there, once, and all say the same.
 */
async function playTrouble(seed: number): Promise<{ acknowledged: number; recovered: number; lost: number }> {
  const random = seededRandom(seed);
  const log = new TroubledLog(random, { away: random() * 0.2, uncertain: random() * 0.3 });
  const disks = Array.from({ length: 1 + Math.floor(random() * 3) }, () => new MemoryDisk());
  const members = new Map<number, Member>();
  const acknowledged = new Map<string, number>();
  const asked: Promise<unknown>[] = [];
  let [count, lost] = [0, 0];
  const pick = (): number => Math.floor(random() * disks.length);
  for (let step = 0; step < 60; step += 1) {
    const at = pick();
    const disk = disks[at];
    const member = members.get(at);
    const draw = random();
    if (disk === undefined) continue;
    if (member === undefined) members.set(at, await startMember(log, disk));
    else if (draw < 0.08) {
      member.crash();
      members.delete(at);
    } else if (draw < 0.16) {
      lost += 1;
      log.loseTail(random() < 0.3 ? log.entries.length : Math.ceil(random() * 3));
    } else if (draw < 0.19) log.write(Uint8Array.of(1, Math.floor(random() * 256)));
    else if (draw < 0.3) member.look();
    else {
      count += 1;
      const expected = random() < 0.9 ? (member.revisions.last()?.number ?? 0) : Math.floor(random() * 5);
      const wanted = change(count);
      asked.push(
        member.revisions.append(wanted, expected).then((outcome) => {
          if (!outcome.ok) return;
          if (acknowledged.has(wanted.id)) throw new Error('acknowledged twice');
          acknowledged.set(wanted.id, outcome.revision.number);
        }),
      );
    }
    if (random() < 0.7) await settle();
    for (const { revisions } of members.values()) checkMoment(revisions);
  }
  await settle();
  log.troubles.away = 0;
  log.troubles.uncertain = 0;
  for (const [at, disk] of disks.entries()) if (!members.has(at)) members.set(at, await startMember(log, disk));
  for (let round = 0; round < disks.length + 2; round += 1) {
    for (const member of members.values()) member.look();
    for (let turn = 0; turn < 200; turn += 1) await settle();
  }
  const recovered = expectKept(log, [...members.values()], acknowledged);
  return { acknowledged: acknowledged.size, recovered, lost };
}

/** All say the same, and what was acknowledged is there, once; how many were recovered. */
function expectKept(log: TroubledLog, members: readonly Member[], acknowledged: ReadonlyMap<string, number>): number {
  const [one] = members;
  if (one === undefined) throw new Error('nobody is there');
  for (const member of members) {
    expect(member.revisions.trouble()).toBe('');
    expect(member.revisions.history(0, 1_000)).toEqual(one.revisions.history(0, 1_000));
    expect(member.revisions.current()).toEqual(one.revisions.current());
    expect(member.disk.entries).toEqual(one.disk.entries);
  }
  const final = ids(one);
  expect(new Set(final).size).toBe(final.length);
  const numbers = one.revisions.history(0, 1_000);
  for (const [id, number] of acknowledged) {
    const found = numbers.filter((head) => head.id === id);
    expect(found, `${id} acknowledged as ${number}`).toHaveLength(1);
    expect([found[0]?.number, found[0]?.recovers]).toContain(number);
  }
  // What the log says by itself is what they say of it.
  const inLog = log.entries.map(decodeEntry).flatMap((decoded) => (decoded.ok ? [decoded.entry.id] : []));
  for (const id of final) expect(inLog).toContain(id);
  return numbers.filter(({ recovers }) => recovers > 0).length;
}

/** What is last and what is in force are of one moment: nothing behind the one in force would be. */
function checkMoment(revisions: Revisions): void {
  const behind = revisions.history(0, 1_000).filter(({ number }) => number > (revisions.current()?.number ?? 0));
  expect(behind.filter(({ recovers }) => recovers === 0)).toEqual([]);
}

describe('revisions in trouble', () => {
  it('are shown as they are in a log that was begun anew and ends with the same one', async () => {
    // Found at this seed: a log with the same last id and length was taken for the one that is shown.
    await expect(playTrouble(231)).resolves.toMatchObject({ recovered: expect.any(Number) });
  });

  it('are never lost once acknowledged, and never there twice', async () => {
    const seen = { acknowledged: 0, recovered: 0, lost: 0 };
    for (const seed of seedsOfRun(150, process.env)) {
      const run = await playTrouble(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed} (replay it with WEIR_SIM_SEED=${seed}): ${String(error)}`, { cause: error });
      });
      for (const key of ['acknowledged', 'recovered', 'lost'] as const) seen[key] += run[key];
    }
    // A run that has seen none of it has proved nothing.
    expect(seen.acknowledged).toBeGreaterThan(150);
    expect(seen.lost).toBeGreaterThan(100);
    expect(seen.recovered).toBeGreaterThan(20);
  }, 900_000);
});
