/** The compatible providers that are known by name. Who is not among them is described in the config, in the same words. */
import { operationWords } from '@weir/proto/ai/compatible-words.js';
import { asiaRows } from './rows-asia.js';
import { hostedRows } from './rows-hosted.js';
import { localRows } from './rows-local.js';
import type { CompatibleSpec } from './spec.js';

export const compatibleRows: readonly CompatibleSpec[] = [...hostedRows, ...asiaRows, ...localRows];

/** Nobody knows what a server has that only a config describes: it is asked, and its own refusal is the answer. */
const unknown = { operations: operationWords, streamsImages: true } as const;

/**
 * A spec from the config: its own words, or a known row with some of them changed. A list that is given replaces the row's, so
 * that what a row refuses wrongly can be had.
 */
export function specOf(id: string, own: Partial<CompatibleSpec> = {}): CompatibleSpec {
  const row = compatibleRows.find((each) => each.id === id);
  return { title: id, ...(row ?? unknown), ...own, id };
}
