/**
 * `format` of texts and numbers: those of JSON Schema and OpenAPI that say something about a value. To JSON Schema they are notes; whoever
 * writes `format: date` into a contract means it, so here they hold. All in time that grows with the text alone. Pure.
 */

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.\d{1,12})?(?:[zZ]|[+-](\d\d):(\d\d))$/;

function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = DATE.exec(text) ?? [];
  if (year === '') return false;
  const days = [31, isLeap(Number(year)) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Number(month) - 1] ?? 0;
  return Number(day) >= 1 && Number(day) <= days;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** RFC 3339 has a 60th second, in which leaps go. */
function isTime(text: string): boolean {
  const [, hour = '', minute = '', second = '', offsetHour = '0', offsetMinute = '0'] = TIME.exec(text) ?? [];
  if (hour === '') return false;
  return [
    Number(hour) < 24,
    Number(minute) < 60,
    Number(second) <= 60,
    Number(offsetHour) < 24,
    Number(offsetMinute) < 60,
  ].every(Boolean);
}

function isDateTime(text: string): boolean {
  return /^.{10}[tT ]/.test(text) && isDate(text.slice(0, 10)) && isTime(text.slice(11));
}

const DURATION = /^P(?:\d+W|(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const URI = /^[a-z][a-z0-9+.-]*:[^\s<>"{}|\\^`]+$/i;
const URI_REFERENCE = /^[^\s<>"{}|\\^`]*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** One @, something before it, and a host or an address in brackets behind it. */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const [local, host] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || local.length > 64 || !/^(?:[^\s@"(),:;<>[\]\\]+|"[^"\\]+")$/.test(local)) return false;
  return !/^\.|\.\.|\.$/.test(local) && (HOST.test(host) || /^\[[0-9a-f.:]+\]$/i.test(host));
}

/** RFC 4291, §2.2: eight groups, of which a run of zeros may be left out once; the last two may be an address of IPv4. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2 || text.length > 45) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const hasIpv4 = last.includes('.');
  if (hasIpv4 && !IPV4.test(last)) return false;
  const plain = hasIpv4 ? groups.slice(0, -1) : groups;
  const count = plain.length + (hasIpv4 ? 2 : 0);
  return plain.every((group) => /^[0-9a-f]{1,4}$/i.test(group)) && (halves.length === 2 ? count < 8 : count === 8);
}

const texts: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['date', isDate],
  ['time', isTime],
  ['date-time', isDateTime],
  ['duration', (text: string) => DURATION.test(text)],
  ['email', isEmail],
  ['hostname', (text: string) => HOST.test(text)],
  ['ipv4', (text: string) => IPV4.test(text)],
  ['ipv6', isIpv6],
  ['uuid', (text: string) => UUID.test(text)],
  ['uri', (text: string) => URI.test(text)],
  ['uri-reference', (text: string) => URI_REFERENCE.test(text)],
  ['byte', (text: string) => BASE64.test(text)],
]);

/** Null: a format that says nothing here. */
export function textFormat(format: string): ((text: string) => boolean) | null {
  return texts.get(format) ?? null;
}

/** Null: likewise. */
export function numberFormat(format: string): { readonly from: number; readonly to: number } | null {
  if (format === 'int32') return { from: -(2 ** 31), to: 2 ** 31 - 1 };
  return format === 'int64' ? { from: -(2 ** 63), to: 2 ** 63 } : null;
}
