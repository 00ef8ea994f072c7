/** Loads that are not measured, until what is compiled at run time is compiled as it will stay. How long that takes depends on machine and subject, so it is not said in seconds. */
import { cpuSeconds, mainThreadSeconds } from './process-usage.js';

/** Of the CPU of a load: below it the threads beside the main one collect garbage and hardly compile any more. (With 10 %, one run of nine ended at two thirds of its throughput.) */
export const WARM_SHARE = 0.07;
/** Of proxies, which keep little: a node that writes its log has 3 % beside its main thread once nothing is compiled any more. */
export const WARM_PROXY_SHARE = 0.05;
export const WARM_UPS_MAX = 6;

export interface WarmUp {
  readonly loads: number;
  /** What threads beside the main one took of the latest. */
  readonly share: number;
}

export const isWarm = ({ loads, share }: WarmUp, restShare: number): boolean =>
  share < restShare || loads >= WARM_UPS_MAX;

/** Loads the processes again and again until threads beside the main one take less than `restShare`, WARM_UPS_MAX times at most. */
export async function untilWarm(
  workers: readonly number[],
  restShare: number,
  load: () => Promise<unknown>,
): Promise<WarmUp> {
  for (let loads = 1; ; loads += 1) {
    const before = used(workers);
    await load();
    const after = used(workers);
    const share = 1 - (after.main - before.main) / Math.max(after.all - before.all, Number.EPSILON);
    if (isWarm({ loads, share }, restShare)) return { loads, share };
  }
}

const used = (workers: readonly number[]): { readonly all: number; readonly main: number } => ({
  all: cpuSeconds(workers),
  main: mainThreadSeconds(workers),
});
