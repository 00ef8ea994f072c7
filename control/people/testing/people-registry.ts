/** Users, teams, sessions and tokens in memory, as the registry shows them, for tests of who asks. */
import type { ApiToken, Session, Team, TeamRole, User } from '../../model/entities.js';
import type { RegistryView } from '../../registry/registry.js';
import { tokenPrefix } from '../callers.js';
import { drawCredential, drawSecret, sha256Hex } from '../digests.js';

const born = { version: 1, createdWallMs: 0, changedWallMs: 0 };

export class PeopleRegistry implements Pick<RegistryView, 'get' | 'tokenByHash'> {
  readonly #known = new Map<string, unknown>();

  user(id: string, more: Partial<User> = {}): User {
    const user: User = {
      ...{ ...born, id, login: id, name: id, isOperator: false, isDisabled: false, passwordHash: null },
      ...{ mustChangePassword: false, oidc: null, sessionEpoch: 1, ...more },
    };
    this.#known.set(`user ${id}`, user);
    return user;
  }

  team(id: string, members: Readonly<Record<string, TeamRole>>): Team {
    const team: Team = { ...born, id, name: id, description: '', members };
    this.#known.set(`team ${id}`, team);
    return team;
  }

  /** Its secret. */
  session(userId: string, more: Partial<Session> = {}): string {
    const secret = drawSecret();
    const session: Session = {
      ...{ ...born, id: sha256Hex(secret), userId, sessionEpoch: 1, expiresWallMs: Number.MAX_SAFE_INTEGER, from: '' },
      ...more,
    };
    this.#known.set(`session ${session.id}`, session);
    return secret;
  }

  /** Its secret. */
  token(userId: string, scopes: readonly string[], more: Partial<ApiToken> = {}): string {
    const secret = drawCredential(tokenPrefix);
    const sha256 = sha256Hex(secret);
    const token: ApiToken = {
      ...{ ...born, id: sha256.slice(0, 8), userId, name: 'a token', sha256, scopes, sessionEpoch: 1 },
      ...{ expiresWallMs: Number.MAX_SAFE_INTEGER, ...more },
    };
    this.#known.set(`token ${sha256}`, token);
    return secret;
  }

  /** Anything else that there is, as far as a test needs it. */
  put(kind: string, id: string, value: unknown): void {
    this.#known.set(`${kind} ${id}`, value);
  }

  get: RegistryView['get'] = (kind, id) => (this.#known.get(`${kind} ${id}`) ?? null) as never; // Set by its kind above.
  tokenByHash: RegistryView['tokenByHash'] = (sha256) =>
    (this.#known.get(`token ${sha256}`) ?? null) as ApiToken | null;
}
