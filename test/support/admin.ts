/**
 * As whom tests ask the admin API: by the token in the data folder of the weir that serves it, as its operator would. Which folder belongs to which
 * address is remembered here when one is started, so that a test asks as it would ask anything: `askAdmin(url)`.
 */
import { readLocalToken } from '@weir/control/people/local-token.js';

const folders = new Map<string, string>();

/** `url`: anything at its address. Its origin. */
export function rememberAdmin(url: string, dataFolder: string): string {
  const { origin } = new URL(url);
  folders.set(origin, dataFolder);
  return origin;
}

/** `fetch`, by the token where the address is that of an admin API. */
export function askAdmin(
  url: string,
  init: RequestInit & { headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(url, { ...init, headers: { ...adminHeaders(url), ...init.headers } });
}

export function adminHeaders(url: string): Record<string, string> {
  const token = tokenOf(url);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** What a command finds in its environment, by the address that follows its `--admin`. */
export function adminEnv(args: readonly string[]): Record<string, string> {
  const at = args.indexOf('--admin');
  const token = at < 0 ? null : tokenOf(args[at + 1] ?? '');
  return token === null ? {} : { WEIR_TOKEN: token };
}

/** Empty: none is known to be there. */
export function adminFolder(url: string): string {
  return folders.get(new URL(url).origin) ?? '';
}

/** Read each time: it may have been asked for before it was made. */
function tokenOf(address: string): string | null {
  const url = /^https?:/.test(address) ? address : `http://${address}`;
  const folder = URL.canParse(url) ? folders.get(new URL(url).origin) : undefined;
  return folder === undefined ? null : readLocalToken(folder);
}
