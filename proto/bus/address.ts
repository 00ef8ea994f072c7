/** `host:port` as operators write it: brackets around IPv6, `:9090` and `9090` mean loopback. */

export interface Address {
  readonly host: string;
  readonly port: number;
}

export const LOOPBACK = '127.0.0.1';

const FORM = /^(?:(?:\[([0-9a-fA-F:.%a-z]+)\]|([^:[\]/\s]*)):)?(\d{1,5})$/;

/** Null when the text is not an address. */
export function parseAddress(text: string): Address | null {
  const match = FORM.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  if (port > 65_535) return null;
  return { host: match[1] ?? (match[2] || LOOPBACK), port };
}

/** The form that goes into a URL. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The same, but with an address that one can go to where the host stands for all addresses. */
export function reachableAddress({ host, port }: Address): string {
  if (host === '0.0.0.0') return formatAddress({ host: LOOPBACK, port });
  if (host === '::') return formatAddress({ host: '::1', port });
  return formatAddress({ host, port });
}
