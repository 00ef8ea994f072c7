/**
 * What people manage: users, teams, services with their releases, applications with their keys, subscriptions, tokens, secrets. Each is a plain
 * value with an id and a version that rises with each change; the registry's log holds such values, one after the other, and all
 * that is known is what they say together. Secrets stand here as hashes or sealed, never in clear.
 */

/** In one team. `owner` manages members, secrets and what subscribes; `developer` designs and publishes; `viewer` looks. */
export type TeamRole = 'owner' | 'developer' | 'viewer';

interface Versioned {
  readonly id: string;
  /** 1 for a new one; the ETag of the admin API. */
  readonly version: number;
  readonly createdWallMs: number;
  readonly changedWallMs: number;
}

export interface User extends Versioned {
  /** What they sign in with: lower-case, unique. */
  readonly login: string;
  readonly name: string;
  /** Operators may do everything, in all teams. */
  readonly isOperator: boolean;
  readonly isDisabled: boolean;
  /** `scrypt$N$r$p$salt$hash`; null: signs in elsewhere (OIDC) only. */
  readonly passwordHash: string | null;
  readonly mustChangePassword: boolean;
  readonly oidc: { readonly issuer: string; readonly subject: string } | null;
  /** Sessions and tokens of an earlier one are void. */
  readonly sessionEpoch: number;
}

/** The id is hashed: who reads the log can't sign in with it. */
export interface Session extends Versioned {
  readonly userId: string;
  readonly sessionEpoch: number;
  readonly expiresWallMs: number;
  readonly from: string;
}

/** A token for programs; its id is that of the token, and its secret is kept as SHA-256. */
export interface ApiToken extends Versioned {
  readonly userId: string;
  readonly name: string;
  readonly sha256: string;
  /** `read`: GET alone; `write`: as its user; else the areas that it is for, `services:write`. */
  readonly scopes: readonly string[];
  readonly expiresWallMs: number;
  readonly sessionEpoch: number;
}

export interface Team extends Versioned {
  readonly name: string;
  readonly description: string;
  /** By the id of the user. */
  readonly members: Readonly<Record<string, TeamRole>>;
}

export type ServiceKind = 'rest' | 'ai' | 'prompt';
export type LifeStage = 'draft' | 'published' | 'deprecated' | 'retired';
/** Who finds it in the catalogue: its team, every team, or whoever may reach the admin API. */
export type Visibility = 'team' | 'organisation' | 'public';

/** A way to use a service. Its limits are written as in `limits` of weir.yaml, and count by application. */
export interface Plan {
  readonly id: string;
  readonly name: string;
  readonly limits: readonly unknown[];
  /** `auto`: a subscription is in force at once. */
  readonly approval: 'auto' | 'manual';
}

/**
 * What a release is made of, in the words of weir.yaml. Ids of upstreams and routes are the service's own; paths of routes are
 * relative to its base path.
 */
export interface Design {
  /** An OpenAPI 3.x document as JSON text; empty: none. */
  readonly contract: string;
  readonly upstreams: readonly unknown[];
  readonly routes: readonly unknown[];
  /** Models and prompts of the service's own, as under `ai` of weir.yaml; left out: none. */
  readonly ai?: Readonly<Record<string, unknown>> | undefined;
  /** Requests are held to the contract: not at all, told only (`weir-contract` field of the answer), or answered 400. */
  readonly validate: 'off' | 'tell' | 'refuse';
  /** Answers come from the contract's examples; no upstream is needed. */
  readonly mock: boolean;
}

export interface Service extends Versioned {
  readonly teamId: string;
  readonly kind: ServiceKind;
  readonly name: string;
  /** Markdown. */
  readonly description: string;
  readonly tags: readonly string[];
  readonly visibility: Visibility;
  /** `/shop`: all its routes lie below; no other service's base path is the same, above or below on a host that both have. */
  readonly basePath: string;
  /** Empty: any. */
  readonly hosts: readonly string[];
  /** How callers of several live releases are told apart. `none`: one release, or a split by share. */
  readonly versioning: { readonly by: 'none' | 'path' } | { readonly by: 'header'; readonly header: string };
  /** `open`: no key is needed; `key`: only subscribed applications. */
  readonly access: 'open' | 'key';
  /** Of a service with keys at least one. */
  readonly plans: readonly Plan[];
  readonly draft: Design;
  readonly stage: LifeStage;
  /** Number of the last release; 0: none. */
  readonly lastRelease: number;
  /** What is served. Shares add up to 100 among releases of one version name; empty before the first release, and when retired. */
  readonly live: readonly LiveRelease[];
  readonly deprecation: {
    readonly sinceWallMs: number;
    readonly sunsetWallMs: number | null;
    readonly link: string;
  } | null;
  /** Where callers of a retired service are sent to read on; empty: nowhere. */
  readonly successor: string;
}

export interface LiveRelease {
  readonly release: number;
  /** Percent of callers, 1 to 100. */
  readonly share: number;
  /** `v1`: with versioning by path or header; empty otherwise. */
  readonly name: string;
}

/** Never changed. Its id is `SERVICE@NUMBER`. */
export interface Release extends Versioned {
  readonly serviceId: string;
  readonly number: number;
  readonly design: Design;
  readonly notes: string;
  readonly byUserId: string;
}

export interface Application extends Versioned {
  readonly teamId: string;
  readonly name: string;
  readonly description: string;
  readonly isDisabled: boolean;
}

/** A credential of an application; what is shown of the secret is its last four characters. */
export interface AppKey extends Versioned {
  readonly applicationId: string;
  readonly name: string;
  readonly sha256: string;
  readonly lastFour: string;
  /** Null: it does not expire. Rotation gives the old one a time. */
  readonly expiresWallMs: number | null;
  /** Of a key that signs tokens, whose other half nobody here has; left out: it is sent as it is, and known by its hash. */
  readonly publicKey?: PublicKey;
}

export interface PublicKey {
  /** SPKI in PEM. */
  readonly pem: string;
  /** Its thumbprint (RFC 7638), by which tokens name it. */
  readonly kid: string;
}

export interface Subscription extends Versioned {
  readonly serviceId: string;
  readonly applicationId: string;
  readonly planId: string;
  readonly state: 'pending' | 'approved' | 'rejected' | 'suspended';
  /** Why it is asked for, and what the owner said to it. */
  readonly reason: string;
  readonly opinion: string;
}

/** A text that configs of a team may use as `${secret:NAME}`; its id is `TEAM/NAME`. */
export interface Secret extends Versioned {
  readonly teamId: string;
  readonly name: string;
  /** AES-256-GCM: `v1.nonce.ciphertext.tag`, in base64url. */
  readonly sealed: string;
}

export interface Entities {
  readonly user: User;
  readonly session: Session;
  readonly token: ApiToken;
  readonly team: Team;
  readonly service: Service;
  readonly release: Release;
  readonly application: Application;
  readonly key: AppKey;
  readonly subscription: Subscription;
  readonly secret: Secret;
}

export type EntityKind = keyof Entities;
export type AnyEntity = Entities[EntityKind];

/** One value that a command has made, or its end. */
export type Change = {
  readonly [K in EntityKind]: { readonly kind: K; readonly id: string; readonly value: Entities[K] | null };
}[EntityKind];

/** Who does something, as far as it has to be remembered. */
export interface Actor {
  /** Empty: nobody signed in; `local`: whoever may read the data folder of control. */
  readonly userId: string;
  readonly login: string;
  readonly via: 'session' | 'token' | 'local' | 'none';
  /** The peer's address. */
  readonly from: string;
}

/** One entry of the registry's log, and so one line of the audit. */
export interface AuditEntry {
  /** From 1 on, in the order of the log. */
  readonly number: number;
  /** The idempotency key of the request, or drawn. */
  readonly id: string;
  /** `service.publish`. */
  readonly what: string;
  /** `service shop`. */
  readonly on: string;
  readonly actor: Actor;
  readonly atWallMs: number;
  readonly reason: string;
  readonly changes: readonly Change[];
  /**
   * The number that it had when it was acknowledged, before the log of a cluster was lost and another took its place; left out: it was not
   * lost. Its changes are none where somebody has changed the same things since.
   */
  readonly recovers?: number;
}
