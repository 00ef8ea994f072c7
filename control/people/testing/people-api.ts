/** The admin API with its routes about people over a registry in memory, and ways to ask it as somebody. Only tests import this file. */
import { sessionCookie } from '@weir/proto/http/own-cookies.js';
import type { FastifyInstance } from 'fastify';
import { buildAdminApi } from '../../api/server.js';
import type { ApiRoute } from '../../api/v1/api-route.js';
import { peopleRoutes } from '../../api/v1/people-routes.js';
import { type MemoryRegistry, memoryRegistry } from '../../registry/testing/memory-registry.js';
import { csrfOf, localPrefix, tokenPrefix } from '../callers.js';
import { drawCredential, drawSecret, sha256Hex } from '../digests.js';
import type { Oidc } from '../oidc.js';
import { createPasswords, type Passwords } from '../passwords.js';
import { createPeople, type People } from '../people.js';

/** How somebody asks: fields of the request. */
export type As = Readonly<Record<string, string>>;

export interface PeopleApi {
  readonly server: FastifyInstance;
  readonly registry: MemoryRegistry;
  readonly people: People;
  readonly clock: { wallMs: number };
  /** Whoever may read the data folder. */
  readonly local: As;
  ask(method: string, url: string, as?: As, body?: unknown, from?: string): Promise<Answer>;
  /** A user with a session and a token each. */
  user(login: string, more?: { isOperator?: boolean; password?: string }): Promise<SomeUser>;
  session(id: string, lastsMs?: number): Promise<As>;
  token(id: string, scopes: readonly string[], lastsMs?: number): Promise<As>;
}

export interface SomeUser {
  readonly id: string;
  readonly session: As;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const HOUR_MS = 3_600_000;

export interface PeopleApiOptions {
  readonly oidc?: (registry: MemoryRegistry, wallMs: () => number) => Oidc;
  readonly passwords?: Passwords;
  /** Beside those about people. */
  readonly more?: (people: People) => readonly ApiRoute[];
  /** All that there is, in place of those about people and `more`. */
  readonly routes?: (people: People) => readonly ApiRoute[];
  /** Left out: an empty one. */
  readonly registry?: MemoryRegistry;
  /** Left out: one that begins at a million. */
  readonly clock?: { wallMs: number };
  readonly publicUrl?: string;
}

export async function peopleApi(options: PeopleApiOptions = {}): Promise<PeopleApi> {
  const { clock = { wallMs: 1_000_000 } } = options;
  const wallMs = (): number => clock.wallMs;
  const registry = options.registry ?? (await memoryRegistry({ wallMs }));
  const localToken = drawCredential(localPrefix);
  // As quick as tests want it, and the same code but for the cost.
  const passwords = options.passwords ?? createPasswords(async (password) => Buffer.from(sha256Hex(password), 'hex'));
  const { publicUrl = null } = options;
  const people = createPeople({
    ...{ registry, passwords, wallMs, localSha256: sha256Hex(localToken) },
    ...{ oidc: options.oidc?.(registry, wallMs) ?? null, isSecure: publicUrl?.startsWith('https:') === true },
  });
  const server = buildAdminApi({
    ...{ listen: { host: '127.0.0.1', port: 9080 }, status: () => ({ nodes: [] }) as never },
    cache: { purge: async () => ({ obeyed: [], missing: [] }), inspect: async () => ({ nodes: [], missing: [] }) },
    access: {
      ...{ callers: people.callers, publicUrl, version: '0.0.0', earlier: (id) => registry.earlier(id) },
      routes: options.routes?.(people) ?? [...peopleRoutes(people), ...(options.more?.(people) ?? [])],
    },
  });
  const session = async (id: string, lastsMs = HOUR_MS): Promise<As> => {
    const secret = drawSecret();
    await registry.must(
      'session.open',
      { userId: id, expiresWallMs: clock.wallMs + lastsMs, from: '127.0.0.1' },
      { facts: { proven: { userId: id }, credential: { sha256: sha256Hex(secret), lastFour: '' } } },
    );
    return { cookie: `${sessionCookie}=${secret}`, 'x-weir-csrf': csrfOf(secret, sha256Hex) };
  };
  return {
    ...{ server, registry, people, clock, session, local: { authorization: `Bearer ${localToken}` } },
    async ask(method, url, as = {}, body, from = '127.0.0.1') {
      const answer = await server.inject({
        ...{ method: method as 'GET', url, remoteAddress: from, headers: { host: 'localhost:9080', ...as } },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      const isJson = String(answer.headers['content-type']).includes('json') && answer.body !== '';
      const told = isJson && !answer.body.includes('}\n{') ? answer.json() : {};
      return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: told };
    },
    async user(login, { isOperator = false, password } = {}) {
      const id = await registry.must('user.create', { login, name: login, isOperator });
      if (password !== undefined) {
        const passwordHash = (await passwords.hash(password)) ?? '';
        const actor = { userId: id, login, via: 'session', from: '' } as const;
        await registry.must('user.password', { id, keptSession: '' }, { actor, facts: { passwordHash } });
      }
      return { id, session: await session(id) };
    },
    async token(id, scopes, lastsMs = HOUR_MS) {
      const secret = drawCredential(tokenPrefix);
      const login = registry.get('user', id)?.login ?? '';
      await registry.must(
        'token.create',
        { name: 'a token', scopes, expiresWallMs: clock.wallMs + lastsMs },
        {
          actor: { userId: id, login, via: 'session', from: '' },
          facts: { credential: { sha256: sha256Hex(secret), lastFour: '' } },
        },
      );
      return { authorization: `Bearer ${secret}` };
    },
  };
}
