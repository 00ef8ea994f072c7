/** Loads RE2 before a snapshot is compiled whose guards have patterns of their own. Owns the loaded module. */
import type { AiGuardPatternSpec, AiSpec } from '@weir/proto/snapshot/ai.js';
import type { Detector } from './detector.js';

type OwnPattern = (spec: AiGuardPatternSpec) => Detector;

let loaded: OwnPattern | null = null;

export async function loadOwnPatterns(spec: AiSpec | null): Promise<void> {
  const guards = [...(spec?.guards ?? []), ...(spec?.spaces ?? []).flatMap((space) => space.guards)];
  const isNeeded = guards.some(({ patterns }) => patterns.length > 0);
  if (isNeeded) loaded ??= (await import('./own-patterns.js')).ownPattern;
}

export function theOwnPattern(): OwnPattern {
  if (loaded === null) throw new Error('what patterns are run by is not loaded yet');
  return loaded;
}
