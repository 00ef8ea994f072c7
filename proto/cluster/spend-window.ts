/**
 * Windows that budgets are counted in, by the wall clock in UTC: minutes, hours, days, and months of the calendar. A window is a
 * number that rises by one. Pure.
 */

export const spendPeriods = ['minute', 'hour', 'day', 'month'] as const;
export type SpendPeriod = (typeof spendPeriods)[number];

const lengthMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

export function windowAt(period: SpendPeriod, wallMs: number): number {
  if (period !== 'month') return Math.floor(wallMs / lengthMs[period]);
  const at = new Date(wallMs);
  return at.getUTCFullYear() * 12 + at.getUTCMonth();
}

/** When the window is over, on the wall clock. */
export function windowEndMs(period: SpendPeriod, window: number): number {
  if (period !== 'month') return (window + 1) * lengthMs[period];
  return Date.UTC(Math.floor(window / 12), (window % 12) + 1, 1);
}

/** For fields that want a length: months are told as 30 days. */
export function periodSeconds(period: SpendPeriod): number {
  return period === 'month' ? 30 * 86_400 : lengthMs[period] / 1_000;
}
