/**
 * How much of a control's time checks of designs may take: a contract of four megabytes of YAML takes some three seconds, in which nobody else is answered. A
 * check counts for one, and for one more for each 8 KiB; operators are not counted, as they are not where the registry is written.
 *
 *   user   1,200 at once, then ten a second      such a contract about once a minute, and a form with each letter that is typed
 *   team   2,400 at once, then twenty a second   all its members together
 */
import { type Rules, unitsOf, WriteRates } from '../../registry/write-rates.js';
import type { Caller } from './api-route.js';
import type { ApiProblem } from './problems.js';

const rules: Rules = { user: { burst: 1_200, everyMs: 100 }, team: { burst: 2_400, everyMs: 50 } };

/** Null: it may, and has taken its part. */
export type CheckRate = (caller: Caller, teamId: string, design: object) => ApiProblem | null;

export function checkRate(wallMs: () => number): CheckRate {
  const rates = new WriteRates(rules);
  return ({ user, isOperator }, teamId, design) => {
    if (isOperator) return null;
    const units = unitsOf(JSON.stringify(design).length);
    const waitMs = rates.take({ userId: user?.id ?? '', teamIds: [teamId] }, units, wallMs());
    if (waitMs === 0) return null;
    const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
    const detail = `So many checks, and of designs so large, take this control too long: wait ${seconds} s.`;
    return { problem: { status: 429, title: 'Too Many Checks', detail, headers: { 'retry-after': String(seconds) } } };
  };
}
