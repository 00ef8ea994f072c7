/** What becomes of one attempt at a target that is in some condition: drawn when it begins. Pure. */
import type { Random } from '@weir/node/time/clock.js';
import type { Condition } from '@weir/node/upstream/health/testing/histories.js';
import { type Failure, failure } from '@weir/proto/http/failures.js';

export interface Fate {
  /** Refused before anything was sent; the method makes no difference then. */
  readonly refusedAfterMs: number | null;
  /** To the head; null: none comes. */
  readonly headAfterMs: number | null;
  readonly status: number;
  readonly retryAfterS: number | null;
  /** From the head, or from the sending where there is no head, to the end; null: it never ends by itself. */
  readonly endAfterMs: number | null;
  readonly failure: Failure | null;
}

const silent: Fate = {
  refusedAfterMs: null,
  headAfterMs: null,
  status: 0,
  retryAfterS: null,
  endAfterMs: null,
  failure: null,
};

const answerAfter = (headAfterMs: number, status = 200): Fate => ({ ...silent, headAfterMs, status, endAfterMs: 1 });

export function fateAt(condition: Exclude<Condition, 'flapping'>, random: Random): Fate {
  switch (condition) {
    case 'up':
      return answerAfter(8 + 12 * random());
    case 'slow':
      return answerAfter(200 + 400 * random());
    case 'stalled':
      // Silent, or with a head and then nothing.
      return random() < 0.7 ? silent : { ...answerAfter(5), endAfterMs: null };
    case 'down':
      return { ...silent, refusedAfterMs: 1, failure: failure('connection_refused', '') };
    case 'erring':
      return errorOf(random);
  }
}

function errorOf(random: Random): Fate {
  const draw = random();
  if (draw < 0.2) return answerAfter(8 + 12 * random());
  if (draw < 0.6) return { ...answerAfter(5, 503), retryAfterS: random() < 0.2 ? 1 : null };
  if (draw < 0.8) return { ...silent, endAfterMs: 5, failure: failure('connection_closed', '') };
  return { ...answerAfter(5), endAfterMs: 5, failure: failure('response_incomplete', '') };
}
