/** Numbers, times and sizes in words for people. Pure. */

export function showDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const s = ms / 1_000;
  if (s < 10) return `${s.toFixed(1).replace(/\.0$/, '')} s`;
  if (s < 90) return `${Math.round(s)} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

/** `3 min ago`. */
export function showAge(wallMs: number, nowMs: number): string {
  const ms = nowMs - wallMs;
  if (ms < -1_000) return `in ${showDuration(-ms)}`;
  return ms < 1_000 ? 'just now' : `${showDuration(ms)} ago`;
}

export function showBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

// One of each: making one takes longer than fifty times are told with it.
const counts = new Intl.NumberFormat('en');
const dollars = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', maximumFractionDigits: 4 });
const times = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export function showCount(count: number): string {
  return counts.format(count);
}

/** Of microdollars, two to four places: what one call costs is mostly less than a cent. */
export function showMoney(micros: number): string {
  return dollars.format(micros / 1_000_000);
}

/** `1 node`, `3 nodes`. */
export function several(count: number, one: string, many = `${one}s`): string {
  return `${showCount(count)} ${count === 1 ? one : many}`;
}

/** A day and an hour, as the reader's own clock has them. */
export function showTime(wallMs: number): string {
  return times.format(wallMs);
}

/** The beginning of a day that an input of type `date` holds; null: none is chosen. */
export function dayOf(date: string): number | null {
  return date === '' ? null : Date.parse(`${date}T00:00:00Z`);
}
