/** Who may ask the admin API of `weir up` and of `weir control`: the people of the registry, and whoever may read the data folder. */
import type { AdminAccess } from '@weir/control/api/server.js';
import { type RouteSources, routeTable } from '@weir/control/api/v1/routes.js';
import { type Bootstrapped, bootstrap } from '@weir/control/people/bootstrap.js';
import { createCallers } from '@weir/control/people/callers.js';
import { isSameText, sha256Hex } from '@weir/control/people/digests.js';
import { openLocalToken } from '@weir/control/people/local-token.js';
import { createOidc } from '@weir/control/people/oidc.js';
import type { OidcSettings } from '@weir/control/people/oidc-settings.js';
import { createPeople, type People } from '@weir/control/people/people.js';
import type { Registry } from '@weir/control/registry/registry.js';
import { showFirst } from './announce.js';

/** How people come to the admin API; what the options of `weir up` and `weir control` say of it. */
export interface Entrance {
  /** Where browsers reach it through a proxy; null: at its own address. */
  readonly publicUrl: string | null;
  /** Null: nobody signs in elsewhere. */
  readonly oidc: OidcSettings | null;
}

export interface AccessOptions {
  readonly dataFolder: string;
  readonly version: string;
  readonly say: (text: string) => void;
  readonly entrance: Entrance;
  /** Null: there is none, and nobody is known but whoever may read the data folder. */
  readonly registry: Registry | null;
  /** Of the rows of /v1 that are not about people. */
  readonly sources: RouteSources;
}

export interface OpenedAccess {
  readonly access: AdminAccess;
  /** The operator that was made, since there was nobody; null: somebody was there. */
  readonly first: FirstOperator | null;
  /** Ends what it tries again. */
  close(): void;
}

export interface FirstOperator {
  readonly login: string;
  readonly password: string;
}

const AGAIN_MS = 5_000;

export async function openAccess(options: AccessOptions): Promise<OpenedAccess> {
  const { dataFolder, version, say, entrance, registry, sources } = options;
  const localSha256 = openLocalToken(dataFolder, say);
  const { publicUrl } = entrance;
  const shared = { publicUrl, version };
  if (registry === null) {
    const nobody = { get: () => null, tokenByHash: () => null };
    const callers = createCallers({
      registry: nobody,
      sha256: sha256Hex,
      isSame: isSameText,
      localSha256,
      wallMs: Date.now,
    });
    return { access: { ...shared, callers, routes: routeTable(null, sources) }, first: null, close: () => {} };
  }
  const oidc = entrance.oidc === null ? null : createOidc(entrance.oidc, { registry, wallMs: Date.now, say });
  const isSecure = publicUrl?.startsWith('https:') === true;
  const people = createPeople({ registry, localSha256, oidc, isSecure, wallMs: Date.now });
  const { first, stop } = await firstOperator(people, say);
  return {
    access: {
      ...{ ...shared, callers: people.callers, routes: routeTable(people, sources) },
      teamOfService: (id) => registry.get('service', id)?.teamId ?? null,
      earlier: (id) => registry.earlier(id),
    },
    first,
    close: stop,
  };
}

/** Where it is not known yet whether anybody is there, it is tried again, and said when it was done. */
async function firstOperator(
  { registry, passwords }: People,
  say: (text: string) => void,
): Promise<{ first: FirstOperator | null; stop: () => void }> {
  const made = await bootstrap(registry, passwords);
  if (made.kind !== 'later') return { first: made.kind === 'made' ? made : null, stop: () => {} };
  say(`nobody can be made the first operator yet: ${made.detail}`);
  let isUnderWay = false;
  const timer = setInterval(() => {
    if (isUnderWay) return;
    isUnderWay = true;
    void bootstrap(registry, passwords).then((again: Bootstrapped) => {
      isUnderWay = false;
      if (again.kind !== 'later') clearInterval(timer);
      if (again.kind === 'made') say(`sign in as ${showFirst(again)}`);
    });
  }, AGAIN_MS);
  timer.unref();
  return { first: null, stop: () => clearInterval(timer) };
}
