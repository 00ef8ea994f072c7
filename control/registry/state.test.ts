import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Owner } from '../model/decision.js';
import type { Change, Service, Subscription } from '../model/entities.js';
import { maySee } from '../model/permissions.js';
import type { ListQuery } from './registry.js';
import { RegistryState } from './state.js';

const times = { version: 1, createdWallMs: 0, changedWallMs: 0 };
const id = fc.constantFrom('a', 'b', 'c', 'd');

/** Only what lists and rights look at. */
const put = (kind: Change['kind'], value: { readonly id: string }): Change =>
  ({ kind, id: value.id, value: { ...times, ...value } }) as unknown as Change;

/** Subscriptions of four applications to four services, each of one of four teams; user `u` is in some of the teams. */
const drawn = fc.record({
  teamOf: fc.dictionary(id, id, { maxKeys: 4 }),
  ownerOf: fc.dictionary(id, id, { maxKeys: 4 }),
  mine: fc.subarray(['a', 'b', 'c', 'd']),
  asked: fc.array(fc.tuple(id, id), { size: 'max', maxLength: 30 }),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function stateOf({ teamOf, ownerOf, mine, asked }: Drawn): RegistryState {
  const state = new RegistryState();
  const draft = { contract: '', upstreams: [], routes: [], validate: 'off', mock: false };
  const service = { visibility: 'team', stage: 'published', tags: [], hosts: [], name: '', draft };
  const changes = [
    put('user', { ...{ id: 'u', login: 'u', name: 'u', isOperator: false, isDisabled: false, oidc: null } } as never),
    ...['a', 'b', 'c', 'd'].flatMap((one) => [
      put('team', { id: one, name: one, members: mine.includes(one) ? { u: 'viewer' } : {} } as never),
      put('application', { id: one, name: one, teamId: teamOf[one] ?? 'a' } as never),
      put('service', { id: one, teamId: ownerOf[one] ?? 'a', basePath: `/${one}`, ...service } as never),
    ]),
    ...asked.map(([applicationId, serviceId], i) =>
      put('subscription', { id: `s${String(i).padStart(2, '0')}`, applicationId, serviceId, planId: 'p' } as never),
    ),
  ];
  state.apply({ number: 1, changes });
  return state;
}

/** All pages of it. */
function listed(state: RegistryState, query: Omit<ListQuery<'subscription'>, 'max' | 'after'>, max: number): string[] {
  const ids: string[] = [];
  for (let after = ''; ; ) {
    const { items, next } = state.list('subscription', { ...query, max, ...(after === '' ? {} : { after }) });
    expect(items.length).toBeLessThanOrEqual(max);
    ids.push(...items.map((item) => item.id));
    if (next === null) return ids;
    expect(next).toBe(items.at(-1)?.id);
    after = next;
  }
}

describe('a list', () => {
  const owner = fc.tuple(fc.constantFrom<Owner>('applicationId', 'serviceId'), id);
  it('among what some own is what a walk through everything finds, in its order, once each, however long its pages are', () => {
    const by = fc.option(fc.record({ serviceId: id }), { nil: undefined });
    const words = fc.constantFrom('', 'a', 'b p', 'x');
    fc.assert(
      fc.property(drawn, fc.array(owner, { maxLength: 6 }), by, words, fc.integer({ min: 1, max: 9 }), (...all) => {
        const [world, among, of, q, max] = all;
        const state = stateOf(world);
        const isMeant = (one: Subscription): boolean =>
          among.some(([key, value]) => one[key as 'serviceId'] === value) &&
          (of === undefined || one.serviceId === of.serviceId) &&
          q.split(' ').every((word) => `${one.serviceId}\n${one.applicationId}\n${one.planId}`.includes(word));
        const wanted = [...state.all('subscription')].filter(isMeant).map((one) => one.id);
        expect(listed(state, { among, q, ...(of === undefined ? {} : { by: of }) }, max)).toEqual(wanted);
      }),
    );
  });

  it('is in order, and has what was put and not what was ended, whatever came when', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.boolean(), id);
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 80 }), fc.integer({ min: 1, max: 9 }), (steps, max) => {
        const state = stateOf({ teamOf: {}, ownerOf: {}, mine: [], asked: [] });
        const known = new Map<string, string>();
        for (const [at, isEnd, applicationId] of steps) {
          const name = `s${at}`;
          const value = { id: name, applicationId, serviceId: 'a', planId: 'p' };
          const change = isEnd
            ? ({ kind: 'subscription', id: name, value: null } as Change)
            : put('subscription', value);
          state.apply({ number: 1, changes: [change] });
          if (isEnd) known.delete(name);
          else known.set(name, applicationId);
        }
        expect(listed(state, {}, max)).toEqual([...known.keys()].sort());
        const ofA = [...known].filter(([, application]) => application === 'a').map(([name]) => name);
        expect(listed(state, { by: { applicationId: 'a' } }, max)).toEqual(ofA.sort());
      }),
    );
  });
});

it('a service that its team keeps to itself is seen by its members, and by whoever has subscribed to it before', () => {
  fc.assert(
    fc.property(drawn, (world) => {
      const state = stateOf(world);
      const standing = { isOperator: false, user: state.get('user', 'u') };
      for (const name of ['a', 'b', 'c', 'd']) {
        const service = state.get('service', name) as Service; // It was put above.
        const hasAsked = world.asked.some(
          ([application, asked]) => asked === name && world.mine.includes(world.teamOf[application] ?? 'a'),
        );
        const wanted = world.mine.includes(service.teamId) ? 'full' : hasAsked ? 'catalogue' : null;
        expect([name, maySee(state, standing, 'service', service)]).toEqual([name, wanted]);
      }
    }),
  );
});
