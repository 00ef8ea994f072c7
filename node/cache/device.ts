/**
 * The kind of device that a request comes from, for routes whose answers differ by it and do not say so by Vary. Three kinds,
 * so that there are three copies of an answer and not one for each browser. A guess, as all reading of User-Agent is. Pure.
 */
import { type HeaderList, headerValue } from '@weir/proto/http/headers.js';

export type Device = 'phone' | 'tablet' | 'other';

const TABLET = /iPad|Tablet|PlayBook|Kindle/;
const PHONE = /Mobi|iPhone|iPod|Windows Phone|Opera Mini|BlackBerry/;

export function deviceOf(headers: HeaderList): Device {
  // User-Agent Client Hints: said by the browser itself, where it speaks of it; tablets say no.
  if (headerValue(headers, 'sec-ch-ua-mobile') === '?1') return 'phone';
  const userAgent = headerValue(headers, 'user-agent') ?? '';
  if (TABLET.test(userAgent) || isLast(userAgent, 'Silk', 'Mobile') || isLast(userAgent, 'Android', 'Mobi'))
    return 'tablet';
  return PHONE.test(userAgent) ? 'phone' : 'other';
}

/** Android says "Mobile" behind it on phones alone. No regular expression, which would look again from each "Android". */
function isLast(userAgent: string, name: string, mobile: string): boolean {
  const at = userAgent.lastIndexOf(name);
  return at >= 0 && at > userAgent.lastIndexOf(mobile);
}
