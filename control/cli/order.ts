/** Asks the admin API for something, and says on stderr why nothing came of it. */
import type { RolloutRecord } from '@weir/proto/events/rollout.js';
import { baseOf, postJson } from './ask.js';
import { noAdmin } from './status.js';
import { printable } from './terminal.js';

interface OrderOptions {
  readonly json: boolean;
  readonly admin: string;
}

/** What became of it, also where it did not work everywhere; with `json`, the answer has been printed as it is. Null: it was told why. */
export async function order<Outcome extends object>(
  path: string,
  sent: object,
  { json, admin }: OrderOptions,
  isOutcome: (told: object) => told is Outcome,
  withinMs?: number,
): Promise<Outcome | null> {
  const base = baseOf(admin);
  const asked = await postJson(path, base, sent, withinMs);
  if (asked.kind !== 'answer') {
    process.stderr.write(noAdmin(asked, base));
    return null;
  }
  if (json) process.stdout.write(`${asked.body}\n`);
  if (isOutcome(asked.told)) return asked.told;
  const detail: unknown = Reflect.get(asked.told, 'detail');
  if (!json) process.stderr.write(`weir: ${printable(String(detail))}\n`);
  return null;
}

/** The record that an order about a rollout has led to. */
export function isObeyed(told: object): told is { readonly record: RolloutRecord } {
  return typeof Reflect.get(told, 'record') === 'object';
}
