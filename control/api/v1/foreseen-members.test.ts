/**
 * Members that nobody has foreseen, in each body and each query of each row of the table, and among them all that the model sets by itself: refused by
 * name, whoever sends them, and nothing is changed.
 */
import fc from 'fast-check';
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

let house: WholeApi;
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

  it('is refused by its name, from whomever, and changes nothing', async () => {
    const session = (name: string) => house.users.get(name)?.session ?? {};
    const value = fc.constantFrom<unknown>(true, 'owner', 7, null, {}, [], { owner: true });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(targets.length - 1),
        fc.constantFrom(...SET_BY_THE_MODEL),
        value,
        fc.boolean(),
        async (at, name, held, isOperator) => {
          const { route, one, path, members } = targets[at] as Target; // Within its bounds.
          if (members.has(name)) return;
          const before = house.registry.number;
          const as = isOperator || route.needs === 'operator' ? session('root') : session('red owner');
          const sent = withMember(one.body, path, name, held);
          const { status, body, text } = await house.api.ask(route.method, pathOf(route, one), as, sent);
          const faults = (body['faults'] ?? []) as { path: string }[]; // As problem documents have them.
          const shown = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
          const whole = `${shown}.${name}`.replace(/^\./, '');
          // Of two forms of an object it is not said which was meant.
          const isNamed = faults.some(
            (fault) => fault.path === whole || (fault.path !== '' && whole.startsWith(`${fault.path}.`)),
          );
          expect([route.name, whole, status, isNamed, text.slice(0, 80)]).toEqual([
            route.name,
            whole,
            422,
            true,
            text.slice(0, 80),
          ]);
          expect(house.registry.number).toBe(before);
        },
      ),
      { numRuns: 700 },
    );
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
