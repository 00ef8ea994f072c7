/** Loads what finds personal data in texts when the first snapshot has a route that masks it: most nodes have no use for it. */
import type { MaskSpec } from '@weir/proto/snapshot/mask.js';
import type { Snapshot } from '@weir/proto/snapshot/snapshot.js';
import type { MaskFinders } from '../../pipeline/services.js';
import { finderOf } from './masking.js';

/** Null: no route looks for anything. */
export async function lateMasks({ routes }: Pick<Snapshot, 'routes'>): Promise<MaskFinders | null> {
  const masks = routes.flatMap(({ mask }) => (mask === undefined || !isLooking(mask) ? [] : [mask]));
  if (masks.length === 0) return null;
  const { piiDetectors } = await import('../../ai/guards/pii.js');
  const { forRequest } = await import('../../ai/guards/detector.js');
  const isOwn = masks.some(({ patterns }) => patterns.length > 0);
  const ownPattern = isOwn ? (await import('../../ai/guards/own-patterns.js')).ownPattern : null;
  return (spec) => {
    if (!isLooking(spec)) return null;
    const own = ownPattern === null ? [] : spec.patterns.map(ownPattern);
    const detectors = [...spec.pii.map((kind) => piiDetectors[kind]), ...own];
    // For each answer, whose work is counted.
    return () => finderOf(forRequest(detectors), spec);
  };
}

const isLooking = ({ pii, patterns }: MaskSpec): boolean => pii.length + patterns.length > 0;
