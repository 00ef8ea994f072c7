/**
 * Sign-in by the accounts of an organisation (OpenID Connect), as the file of --oidc describes it. A file of its own and not weir.yaml: who may come in
 * must not hang on a config that those who are in can roll back. Pure.
 *
 *   name: Example SSO
 *   issuer: https://login.example.com/realms/main
 *   clientId: weir
 *   clientSecret: ${OIDC_CLIENT_SECRET}
 *   groups: groups                      # claim that lists the groups of a user
 *   allow: [staff]                      # one of these is needed; left out: whoever the issuer lets in
 *   operators: [platform]
 *   teams:
 *     - { group: shop-developers, team: shop, role: developer }
 */
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { faultsOf } from '../api/v1/read-input.js';

const groups = z.array(z.string().min(1).max(200)).max(500);

const settings = z.strictObject({
  /** What the button says. */
  name: z.string().min(1).max(60).default('single sign-on'),
  issuer: z.url({ protocol: /^https?$/ }),
  clientId: z.string().min(1).max(500),
  /** Left out: a public client, by PKCE alone. */
  clientSecret: z.string().min(1).max(2_000).optional(),
  scopes: z.array(z.string().regex(/^[!#-[\]-~]+$/)).default(['openid', 'profile', 'email']),
  /** Claim that becomes the login. Where it is missing: `email`, if it is verified. */
  login: z.string().min(1).max(100).default('preferred_username'),
  groups: z.string().min(1).max(100).default('groups'),
  allow: groups.optional(),
  operators: groups.default([]),
  teams: z
    .array(
      z.strictObject({
        group: z.string().min(1).max(200),
        team: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
        role: z.enum(['owner', 'developer', 'viewer']),
      }),
    )
    .max(1_000)
    .default([]),
});

export type OidcSettings = z.output<typeof settings>;

export type ReadSettings =
  | { readonly ok: true; readonly settings: OidcSettings }
  /** A line for each fault, without the values. */
  | { readonly ok: false; readonly faults: readonly string[] };

/** `${NAME}` is taken from the environment in whole values alone. */
export function readOidcSettings(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): ReadSettings {
  const document = parseDocument(text, { version: '1.2', maxAliasCount: 0 } as never);
  const [error] = document.errors;
  if (error !== undefined) return { ok: false, faults: [error.message.split('\n')[0] ?? 'it is no YAML'] };
  const missing: string[] = [];
  const filled = fill(document.toJS({ maxAliasCount: 0 }), environment, missing);
  if (missing.length > 0) return { ok: false, faults: missing.map((name) => `the environment has no ${name}`) };
  const read = settings.safeParse(filled);
  if (!read.success)
    return { ok: false, faults: faultsOf(read.error).map(({ path, message, cure }) => `${path} ${message}; ${cure}`) };
  const { issuer } = read.data;
  if (!isSafe(new URL(issuer)))
    return { ok: false, faults: ['issuer has to be https; plain http is for a provider on this machine alone'] };
  return { ok: true, settings: read.data };
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

function fill(value: unknown, environment: Readonly<Record<string, string | undefined>>, missing: string[]): unknown {
  if (Array.isArray(value)) return value.map((each) => fill(each, environment, missing));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, environment, missing)]));
  const name = typeof value === 'string' ? /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(value)?.[1] : undefined;
  if (name === undefined) return value;
  const found = environment[name];
  if (found === undefined || found === '') missing.push(name);
  return found;
}
