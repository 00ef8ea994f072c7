/**
 * What the doctor advises on the traffic of the demo, and what came of it: the demo runs before a whole gateway, the doctor is asked, what it proposed
 * is put in force as it was written (and where it needs a newer app, the shoppers get one), and the same traffic runs again. Told are, for each
 * advice, the saving that it expected and the one that was measured: by the clients, and by the shop that counts what reaches it.
 */
import { type Demo, startDemo } from '@weir/deploy/demo/demo.js';
import { asksPlainly, type ShopStep, type ShopTally, type ShopUses } from '@weir/deploy/demo/shopper.js';
import type { Advice, AdviceKind, Measure, Saving } from '@weir/proto/events/advice.js';
import { changeInWords } from '@weir/proto/events/advice-words.js';
import type { DoctorReport } from '@weir/proto/events/doctor.js';
import { parse } from 'yaml';
import { carriedOut, configChanges, inOneLine } from '../integration/doctor/prescription.js';
import { askAdmin } from '../support/admin.js';
import { ensureBuilt } from '../support/built.js';
import { onStage } from '../support/stage.js';
import { type WeirUp, weirUp } from '../support/weir-up.js';
import type { Report } from './campaign.js';

export interface AdviceScale {
  readonly seconds: number;
  /** What was measured and what was expected differ by no more than this share of what was there before. */
  readonly offMax: number;
}

export const fullAdvice: AdviceScale = { seconds: 40, offMax: 0.25 };

/** Which step of the shoppers each advice is about; each must be given. */
const steps: Readonly<Record<AdviceKind, ShopStep>> = {
  composition: 'page',
  coalesce: 'products',
  batch: 'reviews',
  fields: 'catalogue',
  compress: 'feed',
  cache: 'menus',
};

/** Of the routes that a step asks. */
const routeOf: Readonly<Record<ShopStep, string>> = {
  ...{ page: 'shop-users', products: 'shop-products', reviews: 'shop-reviews' },
  ...{ catalogue: 'shop-catalogue', feed: 'shop-feed', menus: 'shop-menus' },
};

/** What of the shop's counts belongs to a step. */
const countsOf: Readonly<Record<ShopStep, readonly string[]>> = {
  ...{ page: ['users', 'carts', 'offers'], products: ['products'], reviews: ['reviews'] },
  ...{ catalogue: ['catalogue'], feed: ['feed'], menus: ['menus'] },
};

export function runAdvice({ seconds, offMax }: AdviceScale): Promise<Report> {
  return onStage(async (stage) => {
    await ensureBuilt();
    const demo = await startDemo({ listen: '127.0.0.1:0' });
    stage.onEnd(() => demo.stop());
    const weir = await weirUp(stage, demo.configText);
    const before = await traffic(demo, weir, seconds, asksPlainly);
    const advice = await adviceOf(weir);
    const chosen = Object.entries(steps).map(([kind, step]) => ({
      step,
      advice: advice.find((one) => one.kind === kind && one.routes.includes(routeOf[step])),
      kind,
    }));
    const given = chosen.flatMap(({ advice: one }) => one ?? []);
    const text = carriedOut(
      demo.configText,
      given.flatMap(({ changes }) => changes),
    );
    const outcome = await weir.save(text);
    const after = await traffic(demo, weir, seconds, usesOf(given));
    const figures: Record<string, string> = {};
    const broken = outcome === 'accepted' ? [] : [`the proposed config was ${outcome}`];
    for (const { step, kind, advice: one } of chosen) {
      if (one === undefined) {
        broken.push(`${kind}: not advised`);
        continue;
      }
      figures[kind] = `${one.changes.map(inOneLine).join('; ')}`;
      const compared = compare(one.saving, measured(step, before, after));
      for (const { name, told, off } of compared) {
        figures[`  ${kind}: ${name}`] = told;
        if (off > offMax) broken.push(`${kind}: ${name} is off by ${Math.round(off * 100)} %`);
      }
      if (after.tally[step].failed > before.tally[step].failed) broken.push(`${kind}: requests failed`);
    }
    return { figures, broken };
  });
}

interface Traffic {
  readonly tally: ShopTally;
  readonly counts: Readonly<Record<string, number>>;
}

/** The table of the demo is for people who look at it. */
const unseen = { isTTY: false, columns: 80, write: () => true };

async function traffic(demo: Demo, weir: WeirUp, seconds: number, shopUses: ShopUses): Promise<Traffic> {
  const counted = async (): Promise<Record<string, number>> =>
    (await (await fetch(`${demo.shopUrl}/counts`)).json()) as Record<string, number>; // Our own server.
  const begun = await counted();
  const tally = await demo.run(`http://127.0.0.1:${weir.port}`, unseen, { seconds, shopUses });
  const ended = await counted();
  const counts = Object.fromEntries(Object.entries(ended).map(([kind, count]) => [kind, count - (begun[kind] ?? 0)]));
  return { tally, counts };
}

async function adviceOf(weir: WeirUp): Promise<readonly Advice[]> {
  const answer = await askAdmin(`${weir.admin}/v1/insight/doctor`);
  if (answer.status !== 200) throw new Error(`the doctor is not told: ${answer.status}`);
  return ((await answer.json()) as DoctorReport).advice ?? []; // Our own API of the same build.
}

/** Where clients have to ask otherwise, the app is told the new address. */
function usesOf(given: readonly Advice[]): ShopUses {
  const pathOf = (kind: AdviceKind): string | null => {
    const [change] = configChanges(given.find((one) => one.kind === kind)?.changes ?? []);
    if (change === undefined) return null;
    const route = parse(change.to) as { readonly match?: { readonly path?: string } }; // A route, as the doctor writes it.
    return route.match?.path ?? null;
  };
  return { page: pathOf('composition'), batch: pathOf('batch') };
}

/** Of one time that the step was taken. */
function measured(step: ShopStep, before: Traffic, after: Traffic): Saving {
  const each = ({ tally, counts }: Traffic) => {
    const { times, requests, bytes, waitMs } = tally[step];
    const asked = countsOf[step].reduce((sum, kind) => sum + (counts[kind] ?? 0), 0);
    const per = (value: number): number => value / Math.max(1, times);
    return { requests: per(requests), asked: per(asked), bytes: per(bytes), waitMs: per(waitMs) };
  };
  const [a, b] = [each(before), each(after)];
  return {
    clientRequests: { before: a.requests, after: b.requests },
    upstreamRequests: { before: a.asked, after: b.asked },
    bytes: { before: a.bytes, after: b.bytes },
    waitMs: { before: a.waitMs, after: b.waitMs },
  };
}

const names: Readonly<Record<keyof Saving, string>> = {
  ...{ clientRequests: 'requests of clients', upstreamRequests: 'requests to the shop' },
  ...{ bytes: 'bytes', waitMs: 'wait' },
};

/** As shares of what was before: the doctor tells minutes of all traffic, the shoppers what they meet each time. */
function compare(expected: Saving, found: Saving) {
  return (Object.keys(names) as (keyof Saving)[]).flatMap((key) => {
    const [hoped, seen] = [expected[key], found[key]];
    if (hoped === null || seen === null) return [];
    const told = `expected ${changeInWords(hoped.before, hoped.after)}, measured ${changeInWords(seen.before, seen.after)} (${shown(seen)} each time)`;
    // Milliseconds depend on the machine; they are told, and what was counted is held against what was expected.
    const off = key === 'waitMs' ? 0 : Math.abs(shareOf(hoped) - shareOf(seen));
    return [{ name: names[key], told, off }];
  });
}

const shareOf = ({ before, after }: Measure): number => (before > 0 ? after / before : 1);

const shown = ({ before, after }: Measure): string => `${before.toFixed(1)} → ${after.toFixed(1)}`;
