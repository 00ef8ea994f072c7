/** Who is who in two descriptions of one upstream, the one in use and the next one. Pure. */
import type { TargetSpec } from '@weir/proto/snapshot/snapshot.js';

/**
 * Finds the former one of a target that is at `at` of the next description, if there was one. Most are where they were; the others are
 * looked up, for an upstream may have many.
 */
export function formerTargets<Target extends { readonly spec: TargetSpec }>(
  former: readonly Target[],
): (spec: TargetSpec, at: number) => Target | undefined {
  let byName: Map<string, Target> | null = null;
  return (spec, at) => {
    const there = former[at];
    if (there?.spec.id === spec.id && there.spec.scheme === spec.scheme) return there;
    byName ??= new Map(former.map((target) => [nameOf(target.spec), target]));
    return byName.get(nameOf(spec));
  };
}

const nameOf = ({ scheme, id }: TargetSpec): string => `${scheme} ${id}`;
