/**
 * What is served of a service: which releases, to which share of callers, under which names of versions.
 *
 *     [{ release 3, share 90 }, { release 4, share 10 }]                     a canary
 *     [{ release 3, share 100, name v1 }, { release 5, share 100, name v2 }] two versions side by side
 */
import { liveMax } from './bounds.js';
import { invalid, type Outcome, refuse } from './decision.js';
import type { LiveRelease, Service } from './entities.js';

/** What must hold of it; null: it does. */
export function liveFaults({ live, stage, versioning }: Service): Outcome | null {
  if (stage === 'draft' || stage === 'retired')
    return live.length === 0 ? null : invalid('live', `a service that is ${stage} serves nothing`, 'publish it first');
  if (live.length === 0) return invalid('live', 'is empty', 'retire the service if it is to be served no longer');
  if (live.length > liveMax) return invalid('live', `more than ${liveMax} releases`, 'take some of them out');
  const isNamed = versioning.by !== 'none';
  const misnamed = live.find(({ name }) => (name !== '') !== isNamed);
  if (misnamed !== undefined)
    return isNamed
      ? invalid('live', `release ${misnamed.release} has no name of a version`, 'give it one, such as v1')
      : invalid(
          'live',
          `${misnamed.name} names a version, and the service has none`,
          'set `versioning` to path or header',
        );
  if (new Set(live.map(({ release }) => release)).size !== live.length)
    return invalid('live', 'has a release twice', 'name each once');
  for (const [name, share] of sharesOf(live)) {
    if (share === 100) continue;
    const of = name === '' ? '' : ` of ${name}`;
    return invalid('live', `the shares${of} add up to ${share}`, 'make them add up to 100');
  }
  return null;
}

function sharesOf(live: readonly LiveRelease[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const { name, share } of live) shares.set(name, (shares.get(name) ?? 0) + share);
  return shares;
}

/** What is served when `next` comes: in place of what has its name, or beside it when its share is less than 100. */
export function liveWith(live: readonly LiveRelease[], next: LiveRelease): readonly LiveRelease[] | Outcome {
  const others = live.filter(({ name }) => name !== next.name);
  if (next.share === 100) return [...others, next];
  const [present, second] = live.filter(({ name }) => name === next.name);
  if (present === undefined)
    return invalid('share', 'there is nothing yet that has the rest', 'leave it out: the first release is for all');
  if (second !== undefined)
    return refuse(
      'conflict',
      `releases ${present.release} and ${second.release} share the callers already; settle that first by setting \`live\``,
    );
  return [...others, { ...present, share: 100 - next.share }, next];
}
