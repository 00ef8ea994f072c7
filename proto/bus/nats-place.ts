/**
 * Where NATS is, as an operator writes it: URLs with commas between them, in which `${NAME}` stands for a variable of the
 * environment, so that a password is in no file and on no command line.
 *
 *     nats://10.0.0.1:4222,nats://10.0.0.2:4222        tls://weir:${NATS_PASSWORD}@nats.internal        nats://${NATS_TOKEN}@10.0.0.1
 *
 * References are filled after the text was taken apart: a password may hold any character. Pure; reasons hold no secret.
 */
import { type Environment, fillReferences } from '../snapshot/secret-text.js';
import { formatAddress } from './address.js';
import type { NatsCredentials } from './nats-bus.js';
import { parseNatsServer } from './nats-dial.js';

export const natsServersMax = 16;

export interface NatsPlace {
  readonly servers: readonly string[];
  /** Null: none, or they come from a file. */
  readonly credentials: NatsCredentials | null;
  readonly isTls: boolean;
  /** Without credentials. */
  readonly shown: string;
}

export type NatsPlaceRead =
  | { readonly ok: true; readonly place: NatsPlace }
  | { readonly ok: false; readonly reason: string };

// A slash in a user or password is written %2F, or comes by reference.
const URL_PARTS = /^(?:(nats|tls):\/\/)?(?:([^/]*)@)?([^@]*)$/;
const FORM = 'write nats://HOST:PORT, or tls:// for TLS, with commas between servers';

export function readNatsPlace(template: string, env: Environment): NatsPlaceRead {
  const urls = template.split(',').map((url) => url.trim());
  if (urls.length > natsServersMax) return { ok: false, reason: `no more than ${natsServersMax} servers are named` };
  const servers: string[] = [];
  let userinfo: string | null = null;
  let tls = 0;
  for (const url of urls) {
    const [, scheme, user, place = ''] = URL_PARTS.exec(url) ?? [];
    const filled = fillReferences(place, env);
    if (filled.missing.length > 0) return lacks(filled.missing);
    const address = parseNatsServer(filled.text);
    if (address === null) return { ok: false, reason: FORM };
    servers.push(formatAddress(address));
    if (scheme === 'tls') tls += 1;
    if (user === undefined) continue;
    if (userinfo !== null && userinfo !== user) return { ok: false, reason: 'all servers take the same credentials' };
    userinfo = user;
  }
  if (tls > 0 && tls < urls.length) return { ok: false, reason: 'either all servers are tls:// or none is' };
  const read = userinfo === null ? null : readUserinfo(userinfo, env);
  if (read !== null && 'ok' in read) return read;
  const scheme = tls > 0 ? 'tls' : 'nats';
  const shown = servers.map((server) => `${scheme}://${server}`).join(',');
  return { ok: true, place: { servers, credentials: read, isTls: tls > 0, shown } };
}

/** `user:password`, or a token alone, as the tools of NATS have it. */
function readUserinfo(userinfo: string, env: Environment): NatsCredentials | Extract<NatsPlaceRead, { ok: false }> {
  const at = userinfo.indexOf(':');
  const [first, second] = at === -1 ? [userinfo, ''] : [userinfo.slice(0, at), userinfo.slice(at + 1)];
  const [user, password] = [decoded(first), decoded(second)];
  if (user === null || password === null) return { ok: false, reason: 'the credentials have a wrong % in them' };
  const [filledUser, filledPassword] = [fillReferences(user, env), fillReferences(password, env)];
  const missing = [...filledUser.missing, ...filledPassword.missing];
  if (missing.length > 0) return lacks(missing);
  if (at === -1) return { kind: 'token', token: filledUser.text };
  return { kind: 'password', user: filledUser.text, password: filledPassword.text };
}

function lacks(names: readonly string[]): Extract<NatsPlaceRead, { ok: false }> {
  return { ok: false, reason: `the environment lacks ${names.join(', ')}` };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
