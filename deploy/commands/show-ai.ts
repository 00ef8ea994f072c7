/** Kinds of providers, and what a config has of providers and names for models, as text for people. Pure. */

import { type Paint, printable } from '@weir/control/cli/terminal.js';
import { keyExample, type ProviderFacts } from '@weir/proto/ai/providers.js';
import type { AiModelSpec, AiProviderSpec } from '@weir/proto/snapshot/ai.js';
import type { UpstreamSpec } from '@weir/proto/snapshot/snapshot.js';
import { table } from './show-models.js';

/** A cell that says nothing is a dash. */
const cellsOf = (rows: readonly (readonly string[])[]): string[][] =>
  rows.map((row) => row.map((cell) => (cell === '' ? '-' : printable(cell))));

export function showKinds(kinds: readonly ProviderFacts[], paint: Paint): string {
  const rows = kinds.map((facts) => {
    const settings = facts.settings.map(({ name, need }) => (need === 'never' ? `[${name}]` : name)).join(' ');
    return [facts.kind, facts.title, facts.url ?? 'the config says', keyExample(facts), settings];
  });
  return table(['KIND', 'PROVIDER', 'WHERE', 'KEY', 'SETTINGS'], cellsOf(rows), paint);
}

export interface Configured {
  readonly providers: readonly AiProviderSpec[];
  readonly models: readonly AiModelSpec[];
  readonly upstreams: readonly UpstreamSpec[];
}

/** Keys by their names; a key itself is not known here. */
export function showProviders({ providers, upstreams }: Configured, paint: Paint): string {
  const rows = providers.map(({ id, kind, upstream, basePath, keys }) => {
    const targets = upstreams.find((one) => one.id === upstream)?.targets ?? [];
    const where = targets.map((target) => `${target.scheme}://${target.id}${basePath}`).join(' ');
    return [id, kind, where, keys.map((key) => (key.weight === 1 ? key.id : `${key.id} (${key.weight})`)).join(' ')];
  });
  return table(['PROVIDER', 'KIND', 'WHERE', 'KEYS'], cellsOf(rows), paint);
}

export function showNames(models: readonly AiModelSpec[], paint: Paint): string {
  const rows = models.map(({ id, targets }) => {
    const first = targets.filter(({ when }) => when === null);
    const total = first.reduce((sum, { weight }) => sum + weight, 0);
    const share = (weight: number): string => (first.length === 1 ? '' : ` ${Math.round((weight / total) * 100)}%`);
    const asked = first.map(({ provider, model, weight }) => `${provider}/${model}${share(weight)}`);
    const later = targets.flatMap(({ provider, model, when }) =>
      when === null ? [] : [`${provider}/${model} (${when.join(', ')})`],
    );
    return [id, asked.join(' + '), later.join(', then ')];
  });
  return table(['NAME', 'MODELS', 'AFTER A FAILURE'], cellsOf(rows), paint);
}
