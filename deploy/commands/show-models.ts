/** Models as text for people. Pure. */
import { columns, type Paint, printable } from '@weir/control/cli/terminal.js';
import type { ModelCard } from '@weir/node/ai/catalogue/card.js';
import { type Rate, ratesAt } from '@weir/node/ai/catalogue/price.js';

export function showModels(cards: readonly ModelCard[], nowMs: number, paint: Paint): string {
  const rows = cards.map((card) => {
    const rates = ratesAt(card.prices, nowMs);
    return [
      card.kind,
      printable(card.name) + (card.isDeprecated ? ' (deprecated)' : ''),
      tokens(card.contextWindow),
      tokens(card.outputMax),
      rates === null ? '-' : dollars(rates.input),
      rates === null ? '-' : dollars(rates.output),
      rates === null ? '-' : dollars(rates.cachedInput ?? rates.input),
      card.inputs?.join(' ') ?? '-',
      card.capabilities?.join(' ') || '-',
    ];
  });
  return table(['PROVIDER', 'MODEL', 'WINDOW', 'OUTPUT', 'IN', 'OUT', 'CACHED', 'TAKES', 'CAN'], rows, paint);
}

export function table(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string {
  const lines = columns([head, ...rows]).map((line, index) => (index === 0 ? paint.dim(line) : line.trimEnd()));
  return `${lines.join('\n')}\n`;
}

/** Whole thousands and millions as people say them; `1048576` is `1M` as `1000000` is. */
function tokens(count: number | null): string {
  if (count === null) return '-';
  if (count >= 1_000_000) return `${Math.round(count / 100_000) / 10}M`;
  return count >= 1_000 ? `${Math.round(count / 1_000)}k` : String(count);
}

/** For a million tokens; a plus where longer inputs cost more. */
function dollars(rate: Rate): string {
  const base = typeof rate === 'number' ? rate : rate.base;
  const more = typeof rate === 'number' || rate.tiers.length === 0 ? '' : '+';
  return `${Number((base / 1_000_000).toPrecision(6))}${more}`;
}
