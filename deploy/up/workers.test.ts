import { TestClock } from '@weir/proto/cluster/testing/test-clock.js';
import type { SnapshotOffer } from '@weir/proto/events/snapshot.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery, End } from './supervisor.js';
import { type Worker, Workers } from './workers.js';

const offer = (version: number): SnapshotOffer => ({
  ...{ v: 1, kind: 'snapshot.offer', version, hash: `h${version}` },
  bytes: new Uint8Array(),
});

/** A worker that answers an offer as it is told to, and notes what it runs. */
function worker(id: string, answer: (version: number) => Delivery) {
  const [runs, restarts]: [number[], number[]] = [[], []];
  let end: (end: End) => void = () => {};
  const ended = new Promise<End>((resolve) => {
    end = resolve;
  });
  const none = (): never => {
    throw new Error('not asked here');
  };
  const made: Worker = {
    id,
    ended,
    supervisor: {
      async deliver({ version }) {
        const delivery = answer(version);
        if (delivery.ok) runs.push(version);
        return delivery;
      },
      async restartWith({ version }) {
        restarts.push(version);
        runs.push(version);
      },
      ...{ look: none, ask: none, stop: none, cut: none, kill: none, reopenLog: none },
    },
  };
  return { made, runs, restarts, end };
}

const refused: Delivery = { ok: false, reason: 'no such file' };

describe('workers that share a port', () => {
  it('run a snapshot when all can, and go back together when one refuses, with its name and reason', async () => {
    const [good, picky] = [
      worker('n-1', () => ({ ok: true })),
      worker('n-2', (version) => (version === 2 ? refused : { ok: true })),
    ];
    const workers = new Workers([good.made, picky.made], () => {});
    expect(await workers.deliver(offer(1))).toEqual({ ok: true });
    expect(await workers.deliver(offer(2))).toEqual({ ok: false, reason: 'n-2: no such file' });
    expect([good.runs, picky.runs]).toEqual([[1, 2, 1], [1]]);
    expect(await workers.deliver(offer(3))).toEqual({ ok: true });
  });

  it('take back what one of them applies after it was given up on', async () => {
    let apply: (isApplied: boolean) => void = () => {};
    const late = new Promise<boolean>((resolve) => {
      apply = resolve;
    });
    const slow = worker('n-2', (version) => (version === 2 ? { ok: false, reason: 'late', late } : { ok: true }));
    const workers = new Workers([worker('n-1', () => ({ ok: true })).made, slow.made], () => {});
    await workers.deliver(offer(1));
    expect((await workers.deliver(offer(2))).ok).toBe(false);
    apply(true);
    await expect.poll(() => slow.runs).toEqual([1, 1]);
  });

  it('that apply their first snapshot late run it, which is passed on; with one that refuses it they do not', async () => {
    for (const isRefused of [false, true]) {
      let apply: (isApplied: boolean) => void = () => {};
      const late = new Promise<boolean>((resolve) => {
        apply = resolve;
      });
      const given: number[] = [];
      const slow = worker('n-1', (version) => {
        given.push(version);
        return version === 1 ? { ok: false, reason: 'late', late } : { ok: true };
      });
      const other = worker('n-2', (version) => ((version === 1 ? isRefused : version === 2) ? refused : { ok: true }));
      const workers = new Workers([slow.made, other.made], () => {});
      const delivery = await workers.deliver(offer(1));
      if (delivery.ok) throw new Error('one has not answered');
      expect(delivery.late === undefined).toBe(isRefused);
      apply(true);
      if (isRefused) continue;
      expect(await delivery.late).toBe(true);
      expect((await workers.deliver(offer(2))).ok).toBe(false);
      // It is what all go back to.
      expect(given).toEqual([1, 2, 1]);
    }
  });

  it('of one alone pass on what that one says, also when it is late', async () => {
    const late = Promise.resolve(true);
    const workers = new Workers([worker('n-1', () => ({ ok: false, reason: 'late', late })).made], () => {});
    expect(await workers.deliver(offer(1))).toEqual({ ok: false, reason: 'late', late });
  });

  it('that can not go back are tried again, and started anew with what the others run when that is no use', async () => {
    for (const isMended of [false, true]) {
      const clock = new TestClock();
      const said: string[] = [];
      const stuck = worker('n-1', () => ({ ok: !stuck.runs.includes(2) || isWell, reason: 'port in use' }));
      let isWell = false;
      const picky = worker('n-2', (version) => (version === 2 ? refused : { ok: true }));
      const workers = new Workers([stuck.made, picky.made], (text) => said.push(text), clock);
      await workers.deliver(offer(1));
      expect((await workers.deliver(offer(2))).ok).toBe(false);
      expect([stuck.runs, stuck.restarts]).toEqual([[1, 2], []]);
      await clock.pass(500);
      isWell = isMended;
      await clock.pass(10_000);
      expect([stuck.runs, stuck.restarts]).toEqual(isMended ? [[1, 2, 1], []] : [[1, 2, 1], [1]]);
      expect(said).toHaveLength(isMended ? 1 : 2);
    }
  });

  it('that can not go back are left alone once all run something newer', async () => {
    const clock = new TestClock();
    const stuck = worker('n-1', (version) => (version === 1 && stuck.runs.includes(2) ? refused : { ok: true }));
    const picky = worker('n-2', (version) => (version === 2 ? refused : { ok: true }));
    const workers = new Workers([stuck.made, picky.made], () => {}, clock);
    for (const version of [1, 2, 3]) await workers.deliver(offer(version));
    await clock.pass(10_000);
    expect([stuck.runs, stuck.restarts]).toEqual([[1, 2, 3], []]);
  });

  it('after any offers run the same, the last one that none refused, and say where that fails', async () => {
    const refusals = fc.array(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), { size: 'max', maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(refusals, async (table) => {
        const all = [0, 1, 2].map((index) =>
          // A version that ran before is taken again.
          worker(`n-${index}`, (version) => (table[version - 1]?.[index] === true ? refused : { ok: true })),
        );
        const workers = new Workers(
          all.map(({ made }) => made),
          () => {},
        );
        let expected: number | undefined;
        for (const [index, row] of table.entries()) {
          const { ok } = await workers.deliver(offer(index + 1));
          expect(ok).toBe(!row.includes(true));
          if (ok) expected = index + 1;
          if (expected !== undefined) for (const { runs } of all) expect(runs.at(-1)).toBe(expected);
        }
      }),
    );
  });

  it('have ended when all have, with what all of them had to cut', async () => {
    const all = [worker('n-1', () => ({ ok: true })), worker('n-2', () => ({ ok: true }))];
    const workers = new Workers(
      all.map(({ made }) => made),
      () => {},
    );
    for (const { end } of all) end({ failure: null, cut: 2 });
    expect(await workers.ended).toEqual({ failure: null, cut: 4 });
    const failing = worker('n-3', () => ({ ok: true }));
    failing.end({ failure: 'port in use', cut: null });
    expect(await new Workers([failing.made], () => {}).ended).toEqual({ failure: 'port in use', cut: null });
  });
});
