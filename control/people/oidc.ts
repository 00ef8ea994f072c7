/**
 * Sign-in by OpenID Connect: the code flow with PKCE, state and nonce, by openid-client, which is loaded when it is configured. What has to
 * come back unchanged (state, nonce, verifier, where to go on) lies in a cookie of the browser that began, sealed under a key of this process's own,
 * and so binds the answer to that browser; nothing is kept here for those who never come back.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Configuration } from 'openid-client';
import type { User } from '../model/entities.js';
import type { Registry } from '../registry/registry.js';
import { localAt, nobodyAt } from './callers.js';
import { drawId } from './digests.js';
import { type Grants, readClaims, teamSteps } from './oidc-grants.js';
import type { OidcSettings } from './oidc-settings.js';
import { openSession, type SignedIn } from './sign-in.js';

export interface Begun {
  /** Of the provider, with all that it has to know. */
  readonly location: string;
  /** What the cookie holds. */
  readonly sealed: string;
}

export type Ended =
  | { readonly ok: true; readonly signed: SignedIn; readonly to: string }
  /** In words for whoever came back, without what the provider has said in detail. */
  | { readonly ok: false; readonly detail: string };

export interface Oidc {
  readonly name: string;
  /** `origin`: where the browser reaches this API. Null: the provider can't be reached. */
  begin(origin: string, to: string): Promise<Begun | null>;
  end(origin: string, search: string, sealed: string | undefined, from: string): Promise<Ended>;
}

export interface OidcParts {
  readonly registry: Pick<Registry, 'get' | 'of' | 'userByOidc' | 'userByLogin' | 'execute'>;
  readonly wallMs: () => number;
  readonly say: (text: string) => void;
}

/** Who takes longer begins anew. */
export const oidcLastsMs = 10 * 60_000;
const TIMEOUT_S = 10;
/** What is found out about the provider is believed so long; its keys are renewed by the library itself. */
const KNOWN_MS = 3_600_000;
/** After it could not be asked. */
const PAUSE_MS = 5_000;
/** Who have come back, and of whom the provider is asked at this moment. */
const endingMax = 20;

interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly to: string;
  readonly untilWallMs: number;
}

export function createOidc(settings: OidcSettings, parts: OidcParts): Oidc {
  const sealing = sealingOf(randomBytes(32));
  const known = discovery(settings, parts);
  let ending = 0;
  return {
    name: settings.name,
    async begin(origin, to) {
      const found = await known();
      if (found === null) return null;
      const { client, configuration } = found;
      const verifier = client.randomPKCECodeVerifier();
      const [state, nonce] = [client.randomState(), client.randomNonce()];
      const location = client.buildAuthorizationUrl(configuration, {
        ...{ redirect_uri: callbackOf(origin), scope: settings.scopes.join(' '), state, nonce },
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      const pending: Pending = { state, nonce, verifier, to: ownPath(to), untilWallMs: parts.wallMs() + oidcLastsMs };
      return { location: location.href, sealed: sealing.seal(JSON.stringify(pending)) };
    },
    async end(origin, search, sealed, from) {
      const opened = sealed === undefined ? null : sealing.open(sealed);
      // It opens under our key alone, so it is what was sealed above.
      const pending = opened === null ? null : (JSON.parse(opened) as Pending);
      if (pending === null || pending.untilWallMs <= parts.wallMs())
        return { ok: false, detail: 'this sign-in was not begun in this browser, or too long ago; begin anew' };
      const found = await known();
      if (found === null) return { ok: false, detail: `${settings.name} can't be reached` };
      if (ending >= endingMax) return { ok: false, detail: 'too many are signing in at this moment; begin anew' };
      const { client, configuration } = found;
      let subject: string;
      let claims: Readonly<Record<string, unknown>>;
      ending += 1;
      try {
        const url = new URL(callbackOf(origin));
        url.search = search;
        const checks = {
          expectedState: pending.state,
          expectedNonce: pending.nonce,
          pkceCodeVerifier: pending.verifier,
        };
        const tokens = await client.authorizationCodeGrant(configuration, url, { ...checks, idTokenExpected: true });
        const idClaims = tokens.claims();
        if (idClaims === undefined) return { ok: false, detail: `${settings.name} said nothing of who that is` };
        subject = idClaims.sub;
        const more = configuration.serverMetadata().userinfo_endpoint;
        const told = more === undefined ? {} : await client.fetchUserInfo(configuration, tokens.access_token, subject);
        claims = { ...told, ...idClaims };
      } catch (error) {
        // Its words may hold what the provider has sent; its class and code don't.
        parts.say(`a sign-in by ${settings.name} failed: ${nameOf(error)}`);
        return { ok: false, detail: `${settings.name} did not confirm this sign-in` };
      } finally {
        ending -= 1;
      }
      const read = readClaims(claims, settings);
      if (!read.ok) return read;
      const { issuer } = configuration.serverMetadata();
      const let_in = await letIn(parts, { issuer, subject }, read.grants, from);
      return let_in.ok ? { ok: true, signed: let_in.signed, to: pending.to } : let_in;
    },
  };
}

interface Known {
  readonly client: typeof import('openid-client');
  readonly configuration: Configuration;
  readonly atMs: number;
}

/**
 * Anybody may ask to be sent there, so the provider is asked once however many do, and one that could not be asked is left alone for a
 * while: they are told at once that it is away, or go by what was known.
 */
function discovery(settings: OidcSettings, parts: OidcParts): () => Promise<Known | null> {
  let known: Known | null = null;
  let asking: Promise<void> | null = null;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  const ask = async (): Promise<void> => {
    const found = await discovered(settings, parts);
    if (found === null) failedAtMs = parts.wallMs();
    else known = found;
    asking = null;
  };
  return async () => {
    const nowMs = parts.wallMs();
    if (known !== null && nowMs - known.atMs < KNOWN_MS) return known;
    // A clock that was set back makes an end of the pause.
    if (asking === null && Math.abs(nowMs - failedAtMs) < PAUSE_MS) return known;
    asking ??= ask();
    await asking;
    return known;
  };
}

/** Never rejects; null: it could not be asked, which is said. */
async function discovered(settings: OidcSettings, { wallMs, say }: OidcParts): Promise<Known | null> {
  try {
    const client = await import('openid-client');
    const { issuer, clientId, clientSecret } = settings;
    const url = new URL(issuer);
    const execute = url.protocol === 'http:' ? [client.allowInsecureRequests] : [];
    const auth = clientSecret === undefined ? client.None() : undefined;
    const configuration = await client.discovery(url, clientId, clientSecret, auth, { execute, timeout: TIMEOUT_S });
    return { client, configuration, atMs: wallMs() };
  } catch (error) {
    say(`${settings.issuer} can't be asked how it signs people in: ${nameOf(error)}`);
    return null;
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? `${error.name} (${code})` : error.name;
}

export function callbackOf(origin: string): string {
  return `${origin}/v1/session/oidc/callback`;
}

/** A path of our own: neither another host (`//evil.example`, `/\evil.example`) nor a scheme. */
export function ownPath(to: string): string {
  return /^\/(?![/\\])[\x21-\x7e]{0,500}$/.test(to) && !to.includes('\\') ? to : '/';
}

/** The user of that subject, who is made where there is none, with the rights that the groups give now. */
async function letIn(
  { registry, wallMs }: OidcParts,
  proven: { readonly issuer: string; readonly subject: string },
  grants: Grants,
  from: string,
): Promise<{ readonly ok: true; readonly signed: SignedIn } | { readonly ok: false; readonly detail: string }> {
  const { issuer, subject } = proven;
  const known = registry.userByOidc(issuer, subject);
  let user: User | null = known;
  if (known === null) {
    if (registry.userByLogin(grants.login) !== null)
      return {
        ok: false,
        detail: `there is a user ${grants.login} who is not known to be you; an operator can link both`,
      };
    const enrolled = await registry.execute({
      ...{ what: 'user.enrol', id: drawId(), actor: nobodyAt(from).actor, facts: { proven } },
      input: { issuer, subject, login: grants.login, name: grants.name, isOperator: grants.isOperator === true },
    });
    if (!enrolled.ok) return { ok: false, detail: enrolled.detail };
    user = registry.userByOidc(issuer, subject);
  }
  if (user === null) return { ok: false, detail: 'the user is not there any more' };
  await applyGrants(registry, user, grants, from);
  const now = registry.get('user', user.id);
  if (now === null || now.isDisabled) return { ok: false, detail: 'this user may not sign in' };
  return { ok: true, signed: await openSession({ registry, wallMs }, now, proven, from) };
}

/** In the name of the issuer, and written down as such. What is refused, such as the last owner's leaving, stays as it is. */
async function applyGrants(registry: OidcParts['registry'], user: User, grants: Grants, from: string): Promise<void> {
  const { actor } = localAt(from, 'oidc');
  const reason = 'groups at sign-in';
  if (grants.isOperator !== null && grants.isOperator !== user.isOperator) {
    const input = { id: user.id, isOperator: grants.isOperator };
    await registry.execute({ what: 'user.change', id: drawId(), actor, reason, input });
  }
  for (const { what, ...step } of teamSteps(grants.roles, user.id, (id) => registry.get('team', id)))
    await registry.execute({ what, id: drawId(), actor, reason, input: { ...step, userId: user.id } });
}

/** AES-256-GCM under a key that ends with this process. */
function sealingOf(key: Buffer) {
  const NONCE_BYTES = 12;
  const TAG_BYTES = 16;
  return {
    seal(text: string): string {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
    },
    open(sealed: string): string | null {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
      try {
        const opening = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES));
        opening.setAuthTag(bytes.subarray(-TAG_BYTES));
        const text = [opening.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), opening.final()];
        return Buffer.concat(text).toString('utf8');
      } catch {
        return null;
      }
    },
  };
}
