/** What the layer mask hides of JSON answers. */
import type { AiGuardPatternSpec, AiPiiKind } from './ai.js';

export interface MaskSpec {
  /** Names of members from the outside in; `*` is any member, `**` any depth. Their values are hidden whole. */
  readonly fields: readonly (readonly string[])[];
  /** Hidden wherever they are found. */
  readonly pii: readonly AiPiiKind[];
  readonly patterns: readonly AiGuardPatternSpec[];
  /** Stands in place of what is hidden. */
  readonly instead: string;
  /** Last characters that stay. */
  readonly keep: number;
  /** What is done with answers that are no JSON. */
  readonly others: 'pass' | 'refuse';
}
