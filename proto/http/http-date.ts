/**
 * Dates on the wire (RFC 9110 §5.6.7): the preferred form and the two obsolete ones that recipients must still accept.
 *
 *   Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
 *   Sunday, 06-Nov-94 08:49:37 GMT     RFC 850, with a year of two digits
 *   Sun Nov  6 08:49:37 1994           asctime
 *
 * Letters may come in any case, since servers are known to shout them. Nothing else is forgiven: a date that is off by a
 * space is no date, and whoever asked decides what that means (for Expires: the past). The weekday is not compared with the
 * date, as nobody does, and a second of 60 is let pass as the one behind it.
 */

const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const MONTH = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)';
const TIME = '([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)';

const IMF_FIXDATE = new RegExp(`^${DAY}, ([0-9]{2}) ${MONTH} ([0-9]{4}) ${TIME} gmt$`, 'i');
const RFC_850 = new RegExp(`^${LONG_DAY}, ([0-9]{2})-${MONTH}-([0-9]{2}) ${TIME} gmt$`, 'i');
const ASCTIME = new RegExp(`^${DAY} ${MONTH} ([0-9]{2}| [0-9]) ${TIME} ([0-9]{4})$`, 'i');

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** No HTTP date is longer: `Wednesday, 06-Nov-94 08:49:37 GMT`. */
const LENGTH_MAX = 33;

/** A year of two digits that lies further ahead than this is meant to be in the past (RFC 9110 §5.6.7). */
const YEARS_AHEAD_MAX = 50;

/** Milliseconds since 1970, or null when it is not a date. `wallMs` decides the century of a year of two digits. */
export function parseHttpDate(text: string, wallMs: number): number | null {
  if (text.length > LENGTH_MAX) return null;
  const imf = IMF_FIXDATE.exec(text);
  if (imf !== null) return timeOf(Number(imf[3]), imf[2], imf[1], imf[4], imf[5], imf[6]);
  const rfc850 = RFC_850.exec(text);
  if (rfc850 !== null) {
    const year = fullYear(Number(rfc850[3]), new Date(wallMs).getUTCFullYear());
    return timeOf(year, rfc850[2], rfc850[1], rfc850[4], rfc850[5], rfc850[6]);
  }
  const asctime = ASCTIME.exec(text);
  if (asctime === null) return null;
  return timeOf(Number(asctime[6]), asctime[1], asctime[2], asctime[3], asctime[4], asctime[5]);
}

/** As IMF-fixdate; milliseconds are dropped. */
export function formatHttpDate(wallMs: number): string {
  return new Date(wallMs).toUTCString();
}

/** The latest year with these last two digits that is not more than fifty years ahead. */
function fullYear(twoDigits: number, thisYear: number): number {
  const latest = thisYear + YEARS_AHEAD_MAX;
  const candidate = latest - (latest % 100) + twoDigits;
  return candidate > latest ? candidate - 100 : candidate;
}

function timeOf(
  year: number,
  monthName: string | undefined,
  dayText: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
): number | null {
  const month = MONTHS.indexOf((monthName ?? '').toLowerCase());
  const day = Number(dayText);
  const date = new Date(0);
  // Not Date.UTC, to which a year below 100 means one of the twentieth century.
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return null; // There is no 30 February.
  return date.getTime() + (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000;
}
