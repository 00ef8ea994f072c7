/** What is done to a gateway for models before it is measured. */
import { untilWarm, WARM_SHARE, type WarmUp } from '../measure/warm-up.js';
import { type AiLoad, loadChats, readStreams, STREAMS } from './loads.js';
import { BRIEF, STREAM } from './words.js';

/**
 * The brief ones are for what is done once for a stream: of a hundred streams fifty begin in a second, and that would be interpreted
 * through all rounds.
 */
export const warmUp = (load: AiLoad): Promise<WarmUp> =>
  untilWarm(load.peer.workers, WARM_SHARE, async () => {
    await loadChats(load);
    for (const pace of [BRIEF, STREAM]) await readStreams(load, { pace, streams: STREAMS, seconds: load.seconds });
  });
