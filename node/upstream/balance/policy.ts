/** The interface between what may be picked (eligibility.ts) and how one of it is picked (least-cost.ts, turns.ts, hashed.ts). */
import type { GatewayRequest } from '../../pipeline/dispatch.js';

/** The targets that an attempt may go to, by their positions in the list of targets. Overwritten at the next pick. */
export interface Candidates {
  readonly count: number;
  /** The first `count` are meant, each once; what stands behind them is left over from other picks. */
  readonly positions: Int32Array;
  has(position: number): boolean;
}

/** Uniform numbers in [0, 1) for the choices that are made ahead of the policy: group, zone, trial. */
export interface Draws {
  /** A policy that keeps keys together draws by the key, so that a key stays with its group; `salt` tells draws apart. */
  draw(request: GatewayRequest, salt: number): number;
}

export interface Policy extends Draws {
  /** The position of one of the candidates, of which there is at least one. Allocates nothing. */
  choose(candidates: Candidates, request: GatewayRequest, nowMs: number): number;
}
