/**
 * Members that nobody has foreseen, in each body and each query of each row of the table, and among them all that the model sets by itself: refused by
 * name, whoever sends them, and nothing is changed.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ApiRoute } from './api-route.js';
import { type JsonSchema, jsonSchemaOf } from './schemas.js';
import { type Case, casesOf, pathOf } from './testing/route-cases.js';
import { plans, type WholeApi, wholeApi } from './testing/whole-api.js';

/** What entities have, and what somebody would try who wants more than they may. */
const SET_BY_THE_MODEL = [
  ...[
    'id',
    'version',
    'createdWallMs',
    'changedWallMs',
    'userId',
    'teamId',
    'ownerId',
    'isOperator',
    'isDisabled',
    'role',
  ],
  ...['passwordHash', 'mustChangePassword', 'sessionEpoch', 'expiresWallMs', 'sha256', 'lastFour', 'sealed', 'members'],
  ...[
    'draft',
    'stage',
    'lastRelease',
    'live',
    'deprecation',
    'successor',
    'byUserId',
    'number',
    'design',
    'state',
    'opinion',
  ],
  ...[
    'actor',
    'facts',
    'credential',
    'proven',
    'expected',
    'reservedPaths',
    'constructor',
    'toString',
    'somethingElse',
  ],
];

const VALUES: readonly unknown[] = [true, 'owner', 7, null, {}, [], { owner: true }];
/** Fewer than faults are told of at once. */
const AT_ONCE = 15;

let house: WholeApi;
let before = 0;
/** The strict objects of a body, by the way to each: the whole, and what lies within. */
let targets: readonly Target[];

interface Target {
  readonly route: ApiRoute;
  readonly one: Case;
  readonly path: readonly (string | number)[];
  readonly members: ReadonlySet<string>;
}

/** Of bodies whose usual case leaves out what could hold more than was foreseen. */
function fuller(cases: Readonly<Record<string, Case>>): Readonly<Record<string, Case>> {
  const more: Readonly<Record<string, object>> = {
    createService: { plans, versioning: { by: 'path' } },
    changeService: { plans, versioning: { by: 'none' } },
    setLive: { versioning: { by: 'none' } },
    restoreService: { live: [{ release: 1 }] },
    checkDraft: { draft: { mock: false } },
    trySomething: { headers: {} },
  };
  const extended = Object.entries(more).map(([name, body]) => {
    const one = cases[name] ?? {};
    return [name, { ...one, body: { ...(one.body as object), ...body } }] as const; // Those of the list have one.
  });
  const linked = { ...cases['changeUser'], body: { oidc: { issuer: 'https://id', subject: 's' } } };
  return { ...cases, ...Object.fromEntries(extended), changeUser: linked };
}

function strictIn(
  schema: JsonSchema,
  value: unknown,
  path: readonly (string | number)[],
): { path: typeof path; members: Set<string> }[] {
  if (Array.isArray(value))
    return value.flatMap((each, i) => strictIn((schema['items'] ?? {}) as JsonSchema, each, [...path, i]));
  if (typeof value !== 'object' || value === null) return [];
  const forms = [schema, ...((schema['anyOf'] ?? []) as JsonSchema[])]; // As JSON Schema has it.
  const strict = forms.filter(({ type, additionalProperties }) => type === 'object' && additionalProperties === false);
  const properties = Object.assign({}, ...strict.map(({ properties }) => properties ?? {})) as Record<
    string,
    JsonSchema
  >;
  const within = Object.entries(value).flatMap(([key, each]) => strictIn(properties[key] ?? {}, each, [...path, key]));
  return strict.length === 0 ? within : [{ path, members: new Set(Object.keys(properties)) }, ...within];
}

function targetsOf({ routes }: WholeApi, cases: Readonly<Record<string, Case>>): Target[] {
  return routes
    .filter(({ method, bodyIs }) => method !== 'GET' && bodyIs !== 'text')
    .flatMap((route): Target[] => {
      const one = cases[route.name] ?? {};
      if (route.body === undefined) return [{ route, one: { ...one, body: {} }, path: [], members: new Set() }];
      return strictIn(jsonSchemaOf(route.body, 'input'), one.body ?? {}, []).map((found) => ({ route, one, ...found }));
    });
}

/** With one more member in the object that lies there. */
function withMember(
  body: unknown,
  [step, ...rest]: readonly (string | number)[],
  name: string,
  value: unknown,
): unknown {
  if (step === undefined) return Object.defineProperty({ ...(body as object) }, name, { value, enumerable: true });
  if (Array.isArray(body)) return body.map((each, i) => (i === step ? withMember(each, rest, name, value) : each));
  const held = body as Record<string, unknown>; // The way leads through it.
  return { ...held, [step]: withMember(held[step], rest, name, value) };
}

describe('a member that nobody has foreseen', () => {
  beforeAll(async () => {
    house = await wholeApi();
    targets = targetsOf(house, fuller(casesOf(house)));
    before = house.registry.number;
  });

  it('is looked for in each body of the table', () => {
    const written = house.routes.filter(({ method, bodyIs }) => method !== 'GET' && bodyIs !== 'text');
    expect(new Set(targets.map(({ route }) => route.name))).toEqual(new Set(written.map(({ name }) => name)));
    const within = targets
      .filter(({ path }) => path.length > 0)
      .map(({ route, path }) => `${route.name} ${path.join('.')}`);
    expect(within).toEqual(
      expect.arrayContaining([
        'createService plans.0',
        'createService versioning',
        'setLive live.0',
        'checkDraft draft',
        'changeUser oidc',
      ]),
    );
  });

  it('is none of those that the model sets by itself, but where somebody is meant to say it', () => {
    const said = targets.flatMap(({ route, path, members }) => {
      const names = SET_BY_THE_MODEL.filter((name) => members.has(name));
      return names.length === 0 ? [] : [`${[route.name, ...path].join('.')}: ${names.join(' ')}`];
    });
    expect(said).toEqual([
      // By operators.
      ...['createUser: isOperator', 'changeUser: isOperator isDisabled'],
      // Of oneself, or of what is made.
      ...['createToken: expiresWallMs', 'createTeam: id ownerId', 'setMember: role', 'createService: id teamId'],
      ...[
        'createService.plans.0: id',
        'createService.plans.1: id',
        'changeService.plans.0: id',
        'changeService.plans.1: id',
      ],
      ...[
        'retireService: successor',
        'restoreService: live',
        'moveService: teamId',
        'checkNewService: draft',
        'checkNewService.service: id teamId',
        'quickService: id teamId',
        'checkDraft: draft',
        'setLive: live',
      ],
      ...['createApplication: id teamId', 'changeApplication: isDisabled', 'createKey: expiresWallMs'],
      // By owners of the service.
      ...['approve', 'reject', 'suspend', 'resume'].map((word) => `${word}Subscription: opinion`),
    ]);
  });

  it('is refused by its name, whatever it holds and whoever sends it, and changes nothing', async () => {
    const session = (name: string) => house.users.get(name)?.session ?? {};
    let turn = 0;
    const missed: string[] = [];
    for (const { route, one, path, members } of targets) {
      const names = SET_BY_THE_MODEL.filter((name) => !members.has(name));
      for (let from = 0; from < names.length; from += AT_ONCE) {
        const some = names.slice(from, from + AT_ONCE);
        turn += 1;
        const as = route.needs === 'operator' || turn % 2 === 0 ? session('root') : session('red owner');
        const sent = some.reduce<unknown>(
          (body, name, i) => withMember(body, path, name, VALUES[(turn + i) % VALUES.length]),
          one.body,
        );
        const { status, body } = await house.api.ask(route.method, pathOf(route, one), as, sent);
        const faults = (body['faults'] ?? []) as { path: string }[]; // As problem documents have them.
        for (const name of some) {
          const whole = [...path, name]
            .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
            .join('')
            .slice(1);
          // Of two forms of an object it is not said which was meant.
          const isNamed = faults.some(
            (fault) => fault.path === whole || (fault.path !== '' && whole.startsWith(`${fault.path}.`)),
          );
          if (status !== 422 || !isNamed) missed.push(`${route.name} ${whole}: ${status}`);
        }
      }
    }
    expect(missed).toEqual([]);
    expect(house.registry.number).toBe(before);
  });

  it('of a query is refused as well', async () => {
    const cases = casesOf(house);
    for (const route of house.routes) {
      // What a provider of OIDC adds is its own.
      if (route.name === 'endOidc') continue;
      const one = cases[route.name] ?? {};
      const query = `${one.query ?? ''}${one.query === undefined ? '?' : '&'}isOperator=true`;
      const type = one.type === undefined ? {} : { 'content-type': one.type };
      const as = { ...(house.users.get('root')?.session ?? {}), ...type };
      const { status, body } = await house.api.ask(route.method, pathOf(route, { ...one, query }), as, one.body);
      expect([route.name, status, JSON.stringify(body['faults'])]).toEqual([
        route.name,
        400,
        expect.stringContaining('"isOperator"'),
      ]);
    }
  });
});
