/** A route over models whose requests are counted and paid for. Only tests import this. */
import type { AiBudgetsSpec, AiLimitSpec, AiSpec } from '@weir/proto/snapshot/ai.js';
import { randomToken, sha256 } from '../../../cache/l2/digest.js';
import type { SpendCounter } from '../../../limit/strict-counter.js';
import { fakeClock, fakeTimers } from '../../../pipeline/testing/harness.js';
import { digests } from '../../aws/digests.js';
import { AiStore } from '../ai-store.js';
import { type Given, provider, setUp, target } from './gateway.js';

export const limit = (more: Partial<AiLimitSpec>): AiLimitSpec => ({
  ...{ unit: 'tokens', amount: 1_000, period: 'hour', by: [], only: [], mode: 'local', redis: null, keys: 100 },
  ...more,
});

/** `given`: what differs from one provider with one model. */
export async function withBudgets(
  budgets: AiBudgetsSpec,
  { ai: more, ...given }: Omit<Given, 'kept'> = {},
  strict: SpendCounter | null = null,
) {
  const clock = fakeClock();
  const shared = { clock, timers: fakeTimers(clock), presence: null, strict, digest: sha256, token: randomToken };
  const store = new AiStore({ digests, wallMs: clock.wallMs }, { shared });
  const ai: AiSpec = {
    providers: [provider('a')],
    models: [{ id: 'chat', targets: [target('a/m')] }],
    ...{ prompts: [], guards: [] },
    ...more,
    budgets,
  };
  await store.load({ ai, routes: [] });
  return setUp({ ...given, ai, kept: { store, clock } });
}
