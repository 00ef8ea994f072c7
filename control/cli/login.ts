/** `weir login` and `weir logout`: sign in at an admin API elsewhere, and keep that for the commands that follow. */

import { createInterface } from 'node:readline/promises';
import { sessionCookie } from '@weir/proto/http/own-cookies.js';
import type { Command } from 'commander';
import { baseOf, type Posted, sendJson } from './ask.js';
import { keep, keptFile, readKept, withAdmin } from './credential.js';
import { readSecret } from './read-secret.js';
import { noAdmin } from './status.js';
import { printable } from './terminal.js';

interface LoginOptions {
  readonly admin: string;
  readonly login?: string;
  readonly token: boolean;
}

const HELP = `
Asks for login and password, and keeps the session for this address in ~/.config/weir, for you alone; it ends after 12 hours, or with weir logout. With
--token a token is kept instead, as weir tokens add or the console make it: for those who sign in by OIDC. Both are read from
the terminal, or from standard input: never given on a command line, which others can read.

On the machine of a weir nothing of this is needed: commands find the token in its data folder.

Exit codes:
  0  signed in
  1  not

Examples:
  weir login --admin https://weir.example.com
  weir login --login ada < password.txt
  weir login --token < token.txt`;

export function registerLogin(program: Command): void {
  withAdmin(program.command('login'))
    .summary('sign in at an admin API')
    .description('Signs in at an admin API, for the commands that follow.')
    .option('--login <login>', 'as whom; else it is asked for')
    .option('--token', 'keep a token in place of a session', false)
    .addHelpText('after', HELP)
    .action(async (options: LoginOptions) => {
      process.exitCode = (options.token ? await keepToken(options) : await login(options)) ? 0 : 1;
    });
  withAdmin(program.command('logout'))
    .summary('sign out, and forget what weir login has kept')
    .description('Ends the session that weir login has kept for an admin API, and forgets it.')
    .action(async ({ admin }: LoginOptions) => {
      await logout(baseOf(admin));
    });
}

interface SignedIn {
  readonly user: { readonly login: string; readonly mustChangePassword: boolean };
  readonly csrf: string;
}

async function login(options: LoginOptions): Promise<boolean> {
  const base = baseOf(options.admin);
  const name = options.login ?? (await ask('Login: '));
  const password = await readSecret(`Password of ${printable(name)}: `);
  // As nobody: whatever is known already is not to answer for it.
  const asked = await sendJson('POST', '/v1/session', base, { sent: { login: name, password }, as: {} });
  const told = answerOf<SignedIn>(asked, base, 201);
  if (told === null || asked.kind !== 'answer') return false;
  const secret = secretOf(asked.cookies);
  if (secret === null) return refuse('the answer has no cookie of a session');
  const { csrf, user } = told;
  const as = { cookie: `${sessionCookie}=${secret}`, 'x-weir-csrf': csrf };
  if (user.mustChangePassword && !(await changePassword(base, password, as))) return false;
  keep(base, { kind: 'session', secret, csrf, login: user.login });
  process.stdout.write(`signed in at ${base} as ${printable(user.login)}; kept in ${keptFile()}\n`);
  return true;
}

async function changePassword(base: string, old: string, as: Record<string, string>): Promise<boolean> {
  process.stderr.write('This password was made by somebody else. Choose your own, of at least ten characters.\n');
  const chosen = await readSecret('New password: ');
  if (process.stdin.isTTY === true && chosen !== (await readSecret('Once more: ')))
    return refuse('these were two different ones; nothing was changed');
  const asked = await sendJson('PUT', '/v1/session/password', base, { sent: { old, new: chosen }, as });
  return answerOf(asked, base, 204) !== null;
}

async function keepToken({ admin }: LoginOptions): Promise<boolean> {
  const base = baseOf(admin);
  const token = (await readSecret('Token: ')).trim();
  const asked = await sendJson('GET', '/v1/session', base, { as: { authorization: `Bearer ${token}` } });
  const told = answerOf<{ readonly user: { readonly login: string } | null }>(asked, base, 200);
  if (told === null) return false;
  keep(base, { kind: 'token', token });
  process.stdout.write(`the token of ${printable(told.user?.login ?? 'nobody')} is kept in ${keptFile()}\n`);
  return true;
}

async function logout(base: string): Promise<void> {
  const kept = readKept()[new URL(base).origin];
  if (kept?.kind === 'session') {
    const as = { cookie: `${sessionCookie}=${kept.secret}`, 'x-weir-csrf': kept.csrf };
    // A session that is over already, or a control that is away: it is forgotten here all the same.
    await sendJson('DELETE', '/v1/session', base, { as });
  }
  keep(base, null);
  process.stdout.write(kept === undefined ? `nothing was kept for ${base}\n` : `signed out at ${base}\n`);
}

function answerOf<Answer extends object>(asked: Posted, base: string, wanted: number): Answer | null {
  if (asked.kind === 'answer' && asked.status === wanted) return asked.told as Answer; // Of the same release.
  if (asked.kind === 'answer' || asked.kind === 'unknown') {
    process.stderr.write(`weir: ${printable(String(Reflect.get(asked.told, 'detail')))}\n`);
    const faults: unknown = Reflect.get(asked.told, 'faults');
    for (const { path, message, cure } of Array.isArray(faults) ? faults : [])
      process.stderr.write(`  ${printable(`${path}: ${message}; ${cure}`)}\n`);
    return null;
  }
  process.stderr.write(noAdmin(asked, base));
  return null;
}

function secretOf(cookies: readonly string[]): string | null {
  for (const cookie of cookies) {
    const [name, value] = cookie.split(';', 1)[0]?.split('=') ?? [];
    if (name === sessionCookie && value !== undefined && value !== '') return value;
  }
  return null;
}

function refuse(reason: string): boolean {
  process.stderr.write(`weir: ${reason}\n`);
  return false;
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}
