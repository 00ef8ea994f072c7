/** Loads that are not measured, until what runs at run time is compiled as it will stay. */
import { cpuSeconds, mainThreadSeconds } from '../measure/process-usage.js';
import { type AiLoad, loadChats, readStreams, STREAMS } from './loads.js';
import { BRIEF, STREAM } from './words.js';

/** Of the CPU of a load: below it the threads beside the main one collect garbage and hardly compile any more. */
export const WARM_SHARE = 0.1;
export const WARM_UPS_MAX = 6;

export interface WarmUp {
  readonly loads: number;
  /** What threads beside the main one took of the latest. */
  readonly share: number;
}

export const isWarm = ({ loads, share }: WarmUp): boolean => share < WARM_SHARE || loads >= WARM_UPS_MAX;

/**
 * The brief ones are for what is done once for a stream: of a hundred streams fifty begin in a second, and that would be interpreted
 * through all rounds. How long it takes depends on the machine and on who is measured, so it is not said in seconds.
 */
export async function warmUp(load: AiLoad): Promise<WarmUp> {
  for (let loads = 1; ; loads += 1) {
    const before = used(load);
    await loadChats(load);
    for (const pace of [BRIEF, STREAM]) await readStreams(load, { pace, streams: STREAMS, seconds: load.seconds });
    const after = used(load);
    const share = 1 - (after.main - before.main) / Math.max(after.all - before.all, Number.EPSILON);
    if (isWarm({ loads, share })) return { loads, share };
  }
}

function used({ peer: { workers } }: AiLoad): { readonly all: number; readonly main: number } {
  return { all: cpuSeconds(workers), main: mainThreadSeconds(workers) };
}
