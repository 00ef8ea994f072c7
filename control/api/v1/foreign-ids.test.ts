/**
 * Ids of what belongs to others, in every place of a path, a query and a body that takes an id: whoever sends one is told what is told of an id that
 * there is not, in the same words, and nothing is changed.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ApiRoute } from './api-route.js';
import { type IdMember, idMembersOf, memberAt, nameOf, withMemberAt } from './testing/id-members.js';
import { type Case, casesOf, pathOf } from './testing/route-cases.js';
import { type Things, type WholeApi, wholeApi } from './testing/whole-api.js';

let house: WholeApi;
let cases: Readonly<Record<string, Case>>;
let places: readonly Place[];

/** Where a route takes the id of something. */
interface Place {
  readonly route: ApiRoute;
  readonly where: 'path' | 'query' | 'body';
  readonly name: string;
  /** In a query and a body: the way to it. */
  readonly path: readonly string[];
  /** Of one that is not theirs, of the kind that is asked for there. */
  readonly foreign: string;
  /** Of none. */
  readonly unknown: string;
  /** One of their own, where the usual request has none. */
  readonly own: string;
}

const UNKNOWN = 'no-such-thing';

/** An owner makes anybody a member, by an id that they were given. */
const ofAnybody: ReadonlySet<string> = new Set(['setMember userId']);
/** Names of what a team has itself, beside an id of the team. */
const ownNames: ReadonlySet<string> = new Set(['number', 'a', 'b', 'name']);

const kinds: readonly (readonly [RegExp, (things: Things) => string])[] = [
  [/^\/v1\/(services|catalogue)\b/, ({ shop }) => shop],
  [/^\/v1\/applications\b/, ({ application }) => application],
  [/^\/v1\/subscriptions\b/, ({ subscription }) => subscription],
  [/^\/v1\/tokens\b/, ({ token }) => token],
  [/^\/v1\/teams\b/, () => 'blue'],
];
/** By the last word on the way to it. */
const members: Readonly<Record<string, (things: Things, team: string) => string>> = {
  teamId: (_, team) => team,
  team: (_, team) => team,
  serviceId: ({ next }) => next,
  service: ({ shop }) => shop,
  applicationId: ({ application }) => application,
  consumer: ({ application }) => application,
  route: ({ shop }) => `${shop}@1/all`,
  of: ({ shop }) => `service:${shop}`,
  // Of an import: of the service.
  id: ({ shop }) => shop,
};

/** What has the form of an id, and is none of what others have. */
const noneOfOthers: readonly RegExp[] = [
  // Made here: ids of services and of applications are taken by whoever comes first, and that one of them is taken is told.
  /^(createService|createApplication|quickService) body\.id$/,
  /^checkNewService body\.service\.id$/,
  /^quickService body\.applicationId$/,
  /\bplans\[\]\.id$/,
  // Of the service that is named beside it; there is a test below.
  /\bplanId$/,
  /\btags\[\]$/,
  // A measure, and a request.
  /^getTop query\.of$/,
  /^listCalls query\.id$/,
];

/** All of them in routes that somebody who is no operator may call. */
function placesIn({ routes, things, users }: WholeApi): Place[] {
  const { blue } = things;
  const foreignOf = (route: ApiRoute, name: string): string | undefined => {
    if (name === 'keyId') return blue.key;
    if (name === 'userId') return users.get('blue owner')?.id;
    return kinds.find(([path]) => path.test(route.path))?.[1](blue);
  };
  return routes
    .filter(({ needs }) => needs !== 'operator')
    .flatMap((route) => {
      const named = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
      const ofPath = named
        .filter((name) => !ownNames.has(name) && !ofAnybody.has(`${route.name} ${name}`))
        .map((name): Place => {
          const foreign = foreignOf(route, name);
          if (foreign === undefined) throw new Error(`${route.path}: of what is {${name}}?`);
          return { route, where: 'path', name, path: [], foreign, unknown: UNKNOWN, own: '' };
        });
      return [...ofPath, ...idMembersOf(route).flatMap((member) => placeOf(route, member, things))];
    });
}

function placeOf(route: ApiRoute, member: IdMember, { red, blue }: WholeApi['things']): Place[] {
  const full = `${route.name} ${nameOf(member)}`;
  if (noneOfOthers.some((name) => name.test(full))) return [];
  const last = member.path.at(-1) ?? '';
  const idOf = members[last];
  if (idOf === undefined) throw new Error(`${full}: of what?`);
  const unknown = last === 'of' ? `service:${UNKNOWN}` : UNKNOWN;
  return [{ route, ...member, name: nameOf(member), foreign: idOf(blue, 'blue'), unknown, own: idOf(red, 'red') }];
}

function withId({ params = {}, query = '', body, ...rest }: Case, { where, name, path }: Place, id: string): Case {
  if (where === 'path') return { ...rest, query, body, params: { ...params, [name]: id } };
  if (where === 'body') return { ...rest, query, params, body: withMemberAt(body, path, id) };
  const search = new URLSearchParams(query);
  search.set(path[0] ?? '', id);
  return { ...rest, params, body, query: `?${search}` };
}

/** The usual request, which has an id of their own there. */
function withOwn(place: Place): Case {
  const usual = cases[place.route.name] ?? {};
  const sent = place.where === 'query' ? Object.fromEntries(new URLSearchParams(usual.query)) : usual.body;
  return place.where === 'path' || memberAt(sent, place.path) !== undefined ? usual : withId(usual, place, place.own);
}

async function ask({ route }: Place, one: Case) {
  const session = house.users.get('red owner')?.session ?? {};
  const type = one.type === undefined ? {} : { 'content-type': one.type };
  const { status, text } = await house.api.ask(route.method, pathOf(route, one), { ...session, ...type }, one.body);
  return { status, text };
}

/** Of a list, or of a report: its lists, together. */
function shownIn(text: string): unknown[] {
  return Object.values(JSON.parse(text) as object).flatMap((value) => (Array.isArray(value) ? value : []));
}

const get = (url: string) => house.api.ask('GET', url, house.users.get('red owner')?.session ?? {});

describe('ids of others', () => {
  beforeAll(async () => {
    house = await wholeApi();
    const all = casesOf(house);
    const { red } = house.things;
    cases = {
      ...all,
      // Red's own, where the table of access looks at one of blue's.
      getApplication: { params: { id: red.application } },
      getSubscription: { params: { id: red.subscription } },
      deleteSubscription: { params: { id: red.subscription } },
      setPlan: { params: { id: red.subscription }, body: { planId: 'free' } },
      listServices: { query: '?teamId=red' },
      listApplications: { query: '?teamId=red' },
      listSubscriptions: { query: `?serviceId=${red.aged}&applicationId=${red.application}` },
    };
    places = placesIn(house);
  });

  it('are taken in many places, and in each of them one of their own is let in', async () => {
    expect(places.length).toBeGreaterThan(60);
    expect(places.map(({ route, name }) => `${route.name} ${name}`)).toContain('checkNewService body.service.teamId');
    for (const place of places) {
      const { status, text } = await ask(place, withOwn(place));
      const { route, name } = place;
      expect([route.name, name, status < 400 ? 'in' : `${status} ${text}`]).toEqual([route.name, name, 'in']);
      await house.reset();
    }
  });

  it('are told to be none, as one that there is not, and change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(places.length - 1),
        fc.array(fc.tuple(fc.nat(9), fc.boolean()), { maxLength: 2 }),
        async (at, others) => {
          const place = places[at] as Place; // Within its bounds.
          const { route } = place;
          const before = house.registry.number;
          let [foreign, unknown] = [cases[route.name] ?? {}, cases[route.name] ?? {}];
          const beside = places.filter((other) => other.route === route && other !== place);
          for (const [pick, isForeign] of others) {
            const other = beside[pick % Math.max(1, beside.length)];
            if (other === undefined) continue;
            const id = isForeign ? other.foreign : other.unknown;
            [foreign, unknown] = [withId(foreign, other, id), withId(unknown, other, id)];
          }
          foreign = withId(foreign, place, place.foreign);
          unknown = withId(unknown, place, place.unknown);
          const told = await ask(place, foreign);
          if (route.method === 'GET' && place.where === 'query' && told.status === 200)
            expect([route.name, place.name, shownIn(told.text)]).toEqual([route.name, place.name, []]);
          else expect([route.name, place.name, told.status]).toEqual([route.name, place.name, 404]);
          // Ids that are not there can be made by whoever imports.
          if (!(route.name === 'importService' && place.name === 'query.id'))
            expect([route.name, place.name, told]).toEqual([route.name, place.name, await ask(place, unknown)]);
          expect([route.name, house.registry.number]).toEqual([route.name, before]);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('show in no list, and in none that asks for what is another team’s', async () => {
    const lists = [
      'services',
      'applications',
      'subscriptions',
      'teams',
      'catalogue',
      'tokens',
      'applications?q=green',
      'services?q=blue',
    ];
    for (const list of lists) {
      const { text } = await get(`/v1/${list}`);
      expect([list, text]).toEqual([
        list,
        expect.not.stringMatching(/(blue|green)-(app|next|shop)\b|"teamId":"(blue|green)"/),
      ]);
    }
    for (const asked of [
      'serviceId=green-aged',
      'applicationId=green-app',
      'applicationId=blue-app',
      'serviceId=blue-aged',
    ])
      expect([asked, (await get(`/v1/subscriptions?${asked}`)).body]).toEqual([asked, { items: [], next: null }]);
    for (const team of ['blue', 'green'])
      for (const list of ['services', 'applications'])
        expect((await get(`/v1/${list}?teamId=${team}`)).body).toEqual({ items: [], next: null });
  });

  it('of keys are those of the application that is named before them', async () => {
    const { red } = house.things;
    await house.registry.must('application.create', { id: 'other', teamId: 'red', name: 'Other' });
    const before = house.registry.number;
    const session = house.users.get('red owner')?.session ?? {};
    for (const [method, end] of [
      ['DELETE', ''],
      ['POST', '/rotate'],
    ] as const)
      expect((await house.api.ask(method, `/v1/applications/other/keys/${red.key}${end}`, session)).status).toBe(404);
    expect(house.registry.number).toBe(before);
    await house.reset();
  });

  it('of plans are those of the service that is asked for: no other has one', async () => {
    const { red } = house.things;
    const session = house.users.get('red owner')?.session ?? {};
    const before = house.registry.number;
    const asked = { serviceId: red.shop, applicationId: red.application, planId: 'no-such-plan' };
    expect((await house.api.ask('POST', '/v1/subscriptions', session, asked)).status).toBe(422);
    expect(house.registry.number).toBe(before);
  });
});
