/**
 * For each row of the table a request that is done where it is let in, on things of team red, and of whom its needs say less than its handler. Only tests
 * import this file.
 */
import type { ApiRoute } from '../api-route.js';
import { design, PASSWORD, teams, type WholeApi } from './whole-api.js';

export interface Case {
  /** What stands in the places of its path. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly type?: string;
  /** What else than its success shows that somebody was let in. */
  readonly also?: readonly number[];
  /** It goes on for ever where it is let in, so it is tried by those alone who are not. */
  readonly isEndless?: boolean;
  /** Of whom its needs say less than its handler: by team, by team and role, `local`, `token`. */
  readonly lets?: Readonly<Record<string, 'in' | number>>;
}

const RED = { id: 'red' };
/** Members of the team whose service it is, and of one whose application uses it, know of it. */
const strangers = { green: 404 } as const;
const othersToo = { green: 404, blue: 404 } as const;
/** Found by its team, and by those who have subscribed. */
const finders = { green: 404, nobody: 404 } as const;
/** Developers of the application, and owners of the service. */
const eitherSide = { 'red viewer': 403, 'red developer': 403, 'blue viewer': 403, green: 404 } as const;
const nobodyInParticular = { local: 409 } as const;

type Cases = Readonly<Record<string, Case>>;

export function casesOf(house: WholeApi): Cases {
  return { ...casesOfPeople(house), ...casesOfServices(house), ...casesOfConsumers(house) };
}

function casesOfPeople({ things: { red }, users }: WholeApi): Cases {
  const bob = users.get('bob')?.id ?? '';
  return {
    signIn: { body: { login: 'bob', password: PASSWORD } },
    getSession: {},
    // By a token there is no session that could end.
    signOut: { also: [409] },
    signOutEverywhere: { lets: nobodyInParticular },
    changePassword: {
      body: { old: 'not the old one', new: 'some other words' },
      also: [422],
      lets: nobodyInParticular,
    },
    renameMyself: { body: { name: 'Someone' }, lets: nobodyInParticular },
    // Here nobody signs in elsewhere.
    startOidc: { also: [404] },
    endOidc: { query: '?code=x', also: [404] },
    listUsers: {},
    getUser: { params: { id: bob } },
    createUser: { body: { login: 'new', name: 'New' } },
    changeUser: { params: { id: bob }, body: { name: 'Someone' } },
    resetPassword: { params: { id: bob } },
    signOutUser: { params: { id: bob } },
    deleteUser: { params: { id: bob } },
    listTokens: { lets: nobodyInParticular },
    // No token makes another one.
    createToken: { body: { name: 't', scopes: ['read'] }, lets: { ...nobodyInParticular, token: 403 } },
    // Of the owner of red, and of nobody else who asks but operators.
    deleteToken: {
      params: { id: red.token },
      lets: { 'red viewer': 404, 'red developer': 404, ...othersToo },
    },
    listTeams: {},
    getTeam: { params: RED },
    createTeam: { body: { id: 'violet', name: 'Violet' } },
    changeTeam: { params: RED, body: { name: 'Crimson' } },
    deleteTeam: { params: { id: 'empty' } },
    setMember: { params: { ...RED, userId: bob }, body: { role: 'developer' } },
    removeMember: { params: { ...RED, userId: bob } },
    findPerson: {
      query: '?login=bob',
      lets: Object.fromEntries(
        teams.flatMap((team) => [
          [`${team} viewer`, 403],
          [`${team} developer`, 403],
        ]),
      ),
    },
    listAudit: {},
    exportAudit: {},
    getDocument: {},
  };
}

function casesOfServices({ things: { red } }: WholeApi): Cases {
  const [shop, next] = [{ id: red.shop }, { id: red.next }];
  return {
    listServices: {},
    createService: { body: { id: 'new', teamId: 'red', name: 'New', basePath: '/new' } },
    checkNewService: {
      body: { service: { id: 'new', teamId: 'red', name: 'New', basePath: '/new' }, draft: {} },
    },
    getService: { params: shop, lets: othersToo },
    changeService: { params: shop, body: { name: 'Shopping' } },
    deleteService: { params: next },
    deprecateService: { params: shop, body: { link: '/v2' } },
    undeprecateService: { params: { id: red.aged } },
    retireService: { params: shop, body: { force: true } },
    restoreService: { params: { id: red.gone }, body: {} },
    // An owner of both; whoever is no owner of red is refused by that.
    moveService: { params: shop, body: { teamId: 'amber' } },
    importService: {
      query: '?id=imported&teamId=red',
      body: JSON.stringify({
        openapi: '3.1.0',
        info: { title: 'T', version: '1' },
        paths: { '/a': { get: { responses: { 200: { description: 'ok' } } } } },
      }),
      type: 'application/json',
    },
    // A token for services alone makes no applications and keys; quick.test.ts has who may.
    quickService: { body: { id: 'quick', teamId: 'red', server: 'http://127.0.0.1:9000' }, also: [403] },
    getDraft: { params: shop },
    setDraft: { params: shop, body: design },
    checkDraft: { params: shop, body: {} },
    getServiceYaml: { params: shop },
    getContract: { params: shop, lets: finders },
    listReleases: { params: shop },
    // It sends a secret where its releases have sent it.
    publishService: { params: shop, body: { notes: 'third' } },
    getRelease: { params: { ...shop, number: '1' } },
    compareReleases: { params: { ...shop, a: '1', b: '2' } },
    setLive: { params: shop, body: { live: [{ release: 1 }] } },
    listCatalogue: {},
    getCatalogueEntry: { params: shop, lets: finders },
  };
}

/** Of applications, and of what is looked at and tried. */
function casesOfConsumers({ things: { red }, asked }: WholeApi): Cases {
  const application = { id: red.application };
  const key = { ...application, keyId: red.key };
  return {
    listApplications: {},
    createApplication: { body: { id: 'new', teamId: 'red', name: 'New' } },
    // Of blue: red's own service is what it uses.
    getApplication: { params: { id: 'blue-approved' }, lets: strangers },
    changeApplication: { params: application, body: { name: 'Web' } },
    deleteApplication: { params: application },
    listKeys: { params: application },
    createKey: { params: application, body: { name: 'second' } },
    rotateKey: { params: key, body: {} },
    deleteKey: { params: key },

    listSubscriptions: {},
    createSubscription: { body: { serviceId: red.shop, applicationId: red.application, planId: 'free' } },
    getSubscription: { params: { id: asked.approved }, lets: strangers },
    deleteSubscription: { params: { id: asked.approved }, lets: eitherSide },
    setPlan: { params: { id: asked.pending }, body: { planId: 'free' }, lets: eitherSide },
    approveSubscription: { params: { id: asked.pending }, body: { opinion: 'yes' } },
    rejectSubscription: { params: { id: asked.pending }, body: {} },
    suspendSubscription: { params: { id: asked.approved }, body: {} },
    resumeSubscription: { params: { id: asked.suspended }, body: {} },

    listSecrets: { params: RED },
    setSecret: { params: { ...RED, name: 'NEW' }, body: { value: 'v' } },
    deleteSecret: { params: { ...RED, name: 'TOKEN' } },

    getRegistry: {},
    previewRegistry: { body: { version: 1 } },
    applyRegistry: { body: { version: 1, teams: [{ id: 'lime', name: 'Lime' }] } },

    getSeries: { query: `?of=service:${red.shop}`, lets: othersToo },
    getTop: { query: '?by=route&of=requests' },
    listCalls: { query: `?service=${red.shop}`, lets: othersToo },
    getSpend: {},
    getDoctor: {},
    getLive: { isEndless: true },
    trySomething: { body: { serviceId: red.shop, method: 'GET', path: '/a' }, lets: strangers },
  };
}

export const pathOf = (
  { path }: Pick<ApiRoute, 'path'>,
  { params = {}, query = '' }: Pick<Case, 'params' | 'query'>,
): string => `${path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? 'unknown')}${query}`;
