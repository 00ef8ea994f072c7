/** A rollout as it is told: on the admin API, line by line while it goes on, and in `weir status`. Plain data, no secrets. */
import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import type { NodeProgress } from '../rollout/progress.js';

export interface RolloutView {
  readonly record: RolloutRecord;
  readonly nodes: readonly NodeProgress[];
  /** Empty: nothing is waited for. */
  readonly waitsFor: string;
  readonly isOver: boolean;
}
