/** Options of whatever has an admin API: how people come to it. */
import { type Command, InvalidArgumentError } from 'commander';

export interface EntranceArguments {
  readonly adminUrl?: string;
  readonly oidc?: string;
}

export const ENTRANCE_HELP = `
--admin-url  where browsers reach the admin API through a proxy with TLS, such as https://weir.example.com: it answers to that name, cookies are
             for https alone, and the last address in X-Forwarded-For is believed from a proxy on this machine
--oidc       sign-in by the accounts of an organisation: a file with issuer, clientId, clientSecret: \${NAME}, …; see docs/admin.md`;

export function withEntrance(command: Command): Command {
  return command
    .option('--admin-url <url>', 'where browsers reach the admin API through a proxy', readPublicUrl)
    .option('--oidc <file>', 'how people sign in by OpenID Connect');
}

export function readPublicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain =
    url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search + url.hash === '';
  if (url === null || !isPlain || url.username !== '')
    throw new InvalidArgumentError('Write https://HOST, without a path.');
  return url.origin;
}
