/**
 * The age of an answer that comes out of a cache without saying so. The listener dates every answer anew, so what an
 * upstream dated before now would look fresh to caches behind the gateway; Age keeps what that date said (RFC 9111
 * §4.2.3, §5.1).
 */
import { type HeaderList, hasField, headerValue } from '@weir/proto/http/headers.js';

/** All three forms of an HTTP date end like this or name no zone; other texts that the runtime could read are none. */
const HTTP_DATE = /^(?:[A-Za-z]{3,9}, .* GMT|[A-Za-z]{3} [A-Za-z]{3} [ \d]\d [\d:]{8} \d{4})$/;

/** The field that was read last, and the time in it: the answers of one second have one date. NaN where it is none. */
const last = { date: '', dateMs: Number.NaN };

function dateMsOf(date: string): number {
  if (date !== last.date) {
    last.date = date;
    // asctime names no zone and means UTC (RFC 9110 §5.6.7), which the runtime would read as its own.
    last.dateMs = HTTP_DATE.test(date) ? Date.parse(date.endsWith('GMT') ? date : `${date} GMT`) : Number.NaN;
  }
  return last.dateMs;
}

/** Whole seconds for an Age field; null where there is one already, or nothing to tell. */
export function ageSeconds(headers: HeaderList, wallMs: number): number | null {
  const date = headerValue(headers, 'date');
  if (date === undefined || hasField(headers, 'age')) return null;
  const seconds = Math.floor((wallMs - dateMsOf(date)) / 1_000);
  return seconds >= 1 ? seconds : null;
}
