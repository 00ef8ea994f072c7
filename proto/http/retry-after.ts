/**
 * Retry-After (RFC 9110 §10.2.3): seconds, or a date in one of the three forms that a recipient must read (§5.6.7).
 * Read strictly: what the runtime's own parser takes for a date is much more than that, local times included.
 */

const SECONDS = /^\d{1,10}$/;
/** Sun, 06 Nov 1994 08:49:37 GMT */
const IMF = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
/** Sunday, 06-Nov-94 08:49:37 GMT */
const RFC_850 = /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-([A-Z][a-z]{2})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
/** Sun Nov  6 08:49:37 1994 */
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) (\d\d| \d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

const MONTHS: readonly string[] = [
  ...['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
];

/** Milliseconds from now, 0 for a date that has passed; NaN where the field is absent or can't be read. */
export function retryAfterMs(value: string | undefined, nowWallMs: number): number {
  if (value === undefined) return Number.NaN;
  const text = value.trim();
  if (SECONDS.test(text)) return Number(text) * 1_000;
  return Math.max(0, httpDateMs(text, nowWallMs) - nowWallMs);
}

function httpDateMs(text: string, nowWallMs: number): number {
  const imf = IMF.exec(text);
  if (imf !== null) return utcMs(imf[3], imf[2], imf[1], imf[4], imf[5], imf[6]);
  const rfc850 = RFC_850.exec(text);
  if (rfc850 !== null)
    return utcMs(fullYear(rfc850[3], nowWallMs), rfc850[2], rfc850[1], rfc850[4], rfc850[5], rfc850[6]);
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) return utcMs(asctime[6], asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
  return Number.NaN;
}

type Part = string | undefined;

/** Two digits mean the last such year that is not more than fifty years ahead (§5.6.7). */
function fullYear(twoDigits: Part, nowWallMs: number): string {
  const thisYear = new Date(nowWallMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + 100 + Number(twoDigits);
  return String(year - 100 * Math.ceil(Math.max(0, year - thisYear - 50) / 100));
}

function utcMs(year: Part, monthName: Part, day: Part, hour: Part, minute: Part, second: Part): number {
  const month = MONTHS.indexOf(monthName ?? '');
  const ms = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second));
  // Date.UTC counts on where a part is too large (the 31st of February, 25 o'clock); that was no date. A leap second is.
  const isDate = month >= 0 && new Date(ms - (Number(second) === 60 ? 1_000 : 0)).getUTCDate() === Number(day);
  return isDate && Number(minute) < 60 && Number(second) <= 60 ? ms : Number.NaN;
}
