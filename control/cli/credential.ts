/**
 * As whom commands ask the admin API. The first that is there: the token in the data folder, for whoever sits at the machine of that control;
 * WEIR_TOKEN, for programs; what `weir login` has kept for this address. Owns which data folder is meant.
 *
 * The token of the data folder goes to loopback alone, and what was kept goes where it was kept for: an --admin that was mistyped, or
 * somebody else's, learns nothing.
 */

import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { sessionCookie } from '@weir/proto/http/own-cookies.js';
import { isLoopback } from '@weir/proto/http/own-host.js';
import type { Command } from 'commander';
import { readLocalToken } from '../people/local-token.js';

export const DEFAULT_ADMIN = 'http://127.0.0.1:9080';

/** What `weir login` keeps for an address. */
export type Kept =
  | { readonly kind: 'session'; readonly secret: string; readonly csrf: string; readonly login: string }
  | { readonly kind: 'token'; readonly token: string };

// A process is one command: its option is set before it acts.
let dataFolder = process.env['WEIR_DATA'] ?? '.weir';

/** Where the admin API is, and the folder whose token is sent; every command that asks has both. */
export function withAdmin(command: Command): Command {
  return command
    .option('--admin <url>', 'where the admin API is (or: WEIR_ADMIN)', process.env['WEIR_ADMIN'] ?? DEFAULT_ADMIN)
    .option(
      '--data <dir>',
      'data folder of a weir on this machine, whose token is sent (or: WEIR_DATA)',
      (folder: string) => {
        dataFolder = folder;
        return folder;
      },
      dataFolder,
    );
}

/** Header fields of a request to that address; none where nothing is known. */
export function credentialFor(base: string): Record<string, string> {
  const url = URL.canParse(base) ? new URL(base) : null;
  const host = url?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
  const local = isLoopback(host) ? readLocalToken(dataFolder) : null;
  const token = local ?? process.env['WEIR_TOKEN'] ?? '';
  if (token !== '') return { authorization: `Bearer ${token}` };
  const kept = url === null ? undefined : readKept()[url.origin];
  if (kept === undefined) return {};
  if (kept.kind === 'token') return { authorization: `Bearer ${kept.token}` };
  return { cookie: `${sessionCookie}=${kept.secret}`, 'x-weir-csrf': kept.csrf };
}

export function keptFile(): string {
  const folder = process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config');
  return join(folder, 'weir', 'sign-ins.json');
}

export function readKept(): Readonly<Record<string, Kept>> {
  try {
    // Written by `keep` below, and by nobody else.
    return JSON.parse(readFileSync(keptFile(), 'utf8')) as Record<string, Kept>;
  } catch {
    return {};
  }
}

/** `kept` null: forget it. */
export function keep(base: string, kept: Kept | null): void {
  const { origin } = new URL(base);
  const { [origin]: _, ...others } = readKept();
  const all = kept === null ? others : { ...others, [origin]: kept };
  const file = keptFile();
  if (Object.keys(all).length === 0) {
    rmSync(file, { force: true });
    return;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 });
  // The file may be older than this rule.
  chmodSync(file, 0o600);
}

/** What to do where the API does not know who asks, or does not let them. */
export function whyRefused(status: 401 | 403, detail: string, base: string): string {
  if (status === 403) return `weir: ${base} refuses this: ${detail}\n`;
  return (
    `weir: ${base} wants to know who asks.\n` +
    `On its own machine: run this where its data folder is, or name it with --data DIR. Elsewhere: weir login --admin ${base}, or set WEIR_TOKEN.\n`
  );
}
