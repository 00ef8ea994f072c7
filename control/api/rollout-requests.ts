/** What is asked of rollouts, read from JSON. Pure. */

import { rolloutPlan } from '@weir/proto/events/rollout.js';
import type { RolloutPlan } from '@weir/proto/events/rollout-plan.js';
import { isObject, type Read, refuse } from './read-request.js';

const BY_MAX = 200;

export function readOrder(body: unknown): Read<{ readonly by: string }> {
  const by = isObject(body) ? body['by'] : undefined;
  if (typeof by !== 'string' || by === '' || by.length > BY_MAX || /\p{Cc}/u.test(by))
    return refuse(`Send a JSON object with \`by\`: who wants it, in one line of 1 to ${BY_MAX} characters.`);
  return { ok: true, value: { by } };
}

export function readPolicy(body: unknown): Read<{ readonly by: string; readonly plan: RolloutPlan | null }> {
  const order = readOrder(body);
  if (!order.ok || !isObject(body)) return order.ok ? refuse('Send a JSON object.') : order;
  const { plan } = body;
  if (plan === null) return { ok: true, value: { ...order.value, plan: null } };
  const parsed = rolloutPlan.safeParse(plan);
  if (parsed.success) return { ok: true, value: { ...order.value, plan: parsed.data } };
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  return refuse(`\`plan${where === '' ? '' : `.${where}`}\` is no plan of a rollout, nor null.`);
}
