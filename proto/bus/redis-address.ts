/** The address of a Redis as an operator writes it, and as it may be shown. Pure. */

/** `redis://` or `rediss://`, without its credentials; null for anything else. */
export function shownRedisAddress(url: string): string | null {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return null;
  }
  const { protocol, hostname, port, pathname } = parsed;
  if ((protocol !== 'redis:' && protocol !== 'rediss:') || hostname === '') return null;
  if (!/^(\/\d{0,5})?$/.test(pathname)) return null;
  return `${protocol}//${hostname}:${port === '' ? '6379' : port}${pathname === '/' ? '' : pathname}`;
}
