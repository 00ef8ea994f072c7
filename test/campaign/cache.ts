/**
 * What the cache promises, over real processes: a crowd on one key, a brown-out with stale copies at hand, purges, and a
 * Redis in trouble. Each part says what the machine itself takes, beside what it measures.
 */
import { ensureBuilt } from '../support/built.js';
import { onStage, type Stage } from '../support/stage.js';
import { type BrownOutScale, runBrownOut } from './cache/brown-out.js';
import { type CrowdScale, runCrowd } from './cache/crowd.js';
import { type RaceScale, runPurgeRace, runTagPurge, type TagScale } from './cache/purge.js';
import { type RedisScale, runRedisTrouble } from './cache/redis.js';
import type { Report } from './campaign.js';

export interface CacheScale {
  readonly crowd: CrowdScale;
  readonly brownOut: BrownOutScale;
  readonly tag: TagScale;
  readonly race: RaceScale;
  readonly redis: RedisScale;
}

export const fullCache: CacheScale = {
  crowd: { clients: 1_000, rounds: 5 },
  brownOut: { perSecond: 500, keys: 1_000, brownOutMs: 6_000, healthyMs: 4_000 },
  tag: { members: 100_000, sample: 20_000 },
  race: { keys: 50, clients: 32, purges: 500 },
  redis: { perSecond: 400, phaseMs: 6_000, p99FloorMs: 10 },
};

export async function runCache(scale: CacheScale): Promise<Report> {
  await ensureBuilt();
  const parts: readonly (readonly [name: string, run: (stage: Stage) => Promise<Report>])[] = [
    ['crowd', (stage) => runCrowd(stage, scale.crowd)],
    ['brown-out', (stage) => runBrownOut(stage, scale.brownOut)],
    ['tag', (stage) => runTagPurge(stage, scale.tag)],
    ['purge race', (stage) => runPurgeRace(stage, scale.race, false)],
    ['purge race with Redis', (stage) => runPurgeRace(stage, scale.race, true)],
    ['Redis', (stage) => runRedisTrouble(stage, scale.redis)],
  ];
  const figures: Record<string, string | number> = {};
  const broken: string[] = [];
  for (const [name, run] of parts) {
    // One after the other, and nothing of the one before is left to take time from the next.
    const report = await onStage(run);
    for (const [label, value] of Object.entries(report.figures)) figures[`${name}: ${label}`] = value;
    broken.push(...report.broken.map((what) => `${name}: ${what}`));
  }
  return { figures, broken };
}
