import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areNear, haveCommonHost } from './base-paths.js';
import type { LifeStage } from './entities.js';
import { as, furnished, type World } from './testing/world.js';

const DAY = 86_400_000;

/** Service `one` of the furnished world, brought to that stage. */
function at(stage: LifeStage): World {
  const world = furnished();
  if (stage === 'draft') {
    world.must('service.retire', { id: 'one', force: true });
    world.must('service.delete', { id: 'one' });
    world.must('service.create', { id: 'one', teamId: 'one', name: 'One', basePath: '/one' });
    world.must('service.set-draft', { id: 'one', draft: { routes: [{ match: '/*' }] } });
  }
  if (stage === 'deprecated') world.must('service.deprecate', { id: 'one', sunsetWallMs: world.wallMs + DAY });
  if (stage === 'retired') world.must('service.retire', { id: 'one', force: true, successor: '/two' });
  expect(world.state.get('service', 'one')?.stage).toBe(stage);
  return world;
}

describe('the life of a service', () => {
  const table: Readonly<Record<string, Partial<Record<LifeStage, LifeStage | null>>>> = {
    'service.publish': { draft: 'published', published: 'published', deprecated: 'deprecated' },
    'service.set-live': { published: 'published', deprecated: 'deprecated' },
    'service.deprecate': { published: 'deprecated', deprecated: 'deprecated' },
    'service.undeprecate': { deprecated: 'published' },
    'service.retire': { published: 'retired', deprecated: 'retired' },
    'service.restore': { retired: 'published' },
    'service.delete': { draft: null, retired: null },
  };
  const inputs: Readonly<Record<string, object>> = {
    'service.set-live': { live: [{ release: 1 }] },
    'service.retire': { force: true },
  };

  for (const [what, from] of Object.entries(table)) {
    it(`takes ${what} where the table says so, and nowhere else`, () => {
      for (const stage of ['draft', 'published', 'deprecated', 'retired'] as const) {
        const world = at(stage);
        const decision = world.do(what, { id: 'one', ...inputs[what] });
        expect([stage, decision.ok]).toEqual([stage, from[stage] !== undefined]);
        if (!decision.ok) expect(decision).toMatchObject({ why: 'conflict', detail: expect.stringContaining(stage) });
        else expect(world.state.get('service', 'one')?.stage ?? null).toBe(from[stage]);
      }
    });
  }

  it('ends when its sunset has passed, or by force, and the refusal counts who subscribes', () => {
    const world = furnished();
    const subscription = [...world.state.all('subscription')][0]?.id ?? '';
    world.must('subscription.approve', { id: subscription });
    const retire = (force = false) => world.do('service.retire', { id: 'one', force });
    expect(retire()).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/not deprecated.*1 application subscribes.*force/),
    });
    world.must('service.deprecate', { id: 'one', link: 'https://docs.test/one' });
    expect(retire()).toMatchObject({ ok: false, detail: expect.stringContaining('has no sunset') });
    const sunsetWallMs = world.wallMs + DAY;
    world.must('service.deprecate', { id: 'one', sunsetWallMs });
    expect(retire()).toMatchObject({ ok: false, detail: expect.stringContaining('until 1970-01-02') });
    world.wallMs = sunsetWallMs - 2;
    expect(retire().ok).toBe(false);
    expect(retire().ok).toBe(true);
    expect(world.state.get('service', 'one')).toMatchObject({ stage: 'retired', live: [] });
  });

  it('begins again where it was only while its place is free', () => {
    const world = at('retired');
    world.must('service.change', { id: 'two', basePath: '/one/two' });
    expect(world.do('service.restore', { id: 'one' })).toMatchObject({
      ok: false,
      why: 'conflict',
      detail: expect.stringContaining('/one/two'),
    });
    world.must('service.change', { id: 'one', basePath: '/other' });
    expect(world.do('service.restore', { id: 'one' }).ok).toBe(true);
    expect(world.state.get('service', 'one')?.live).toEqual([{ release: 1, share: 100, name: '' }]);
  });

  it('has a canary beside what is served, its promotion and the way back', () => {
    const world = furnished();
    const live = () => world.state.get('service', 'one')?.live.map(({ release, share }) => [release, share]);
    world.must('service.publish', { id: 'one', share: 10 });
    expect(live()).toEqual([
      [1, 90],
      [2, 10],
    ]);
    expect(world.do('service.publish', { id: 'one', share: 5 })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('settle'),
    });
    world.must('service.set-live', { id: 'one', live: [{ release: 2 }] });
    world.must('service.set-live', { id: 'one', live: [{ release: 1 }] });
    expect(live()).toEqual([[1, 100]]);
    for (const [faulty, words] of [
      [
        [
          { release: 1, share: 50 },
          { release: 2, share: 49 },
        ],
        'add up to 99',
      ],
      [
        [
          { release: 1, share: 60 },
          { release: 2, share: 60 },
        ],
        'add up to 120',
      ],
      [[{ release: 9 }], 'no release 9'],
      [
        [
          { release: 1, share: 50 },
          { release: 1, share: 50 },
        ],
        'twice',
      ],
      [[{ release: 1, name: 'v1' }], 'v1 names a version'],
      [[], 'empty'],
    ] as const)
      expect(world.do('service.set-live', { id: 'one', live: faulty })).toMatchObject({
        ok: false,
        detail: expect.stringContaining(words),
      });
    world.must('service.publish', { id: 'one' });
    expect(live()).toEqual([[3, 100]]);
  });

  it('has versions side by side, each with its own shares', () => {
    const world = furnished();
    expect(world.do('service.publish', { id: 'two' })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('no name'),
    });
    world.must('service.publish', { id: 'two', name: 'v1' });
    world.must('service.publish', { id: 'two', name: 'v2' });
    world.must('service.publish', { id: 'two', name: 'v1', share: 20 });
    expect(world.state.get('service', 'two')?.live).toEqual([
      { release: 2, share: 100, name: 'v2' },
      { release: 1, share: 80, name: 'v1' },
      { release: 3, share: 20, name: 'v1' },
    ]);
    expect(world.do('service.change', { id: 'two', versioning: { by: 'none' } })).toMatchObject({
      ok: false,
      why: 'invalid',
    });
    world.must('service.set-live', { id: 'two', live: [{ release: 3 }], versioning: { by: 'none' } });
  });

  it('keeps a hundred releases, those that are served among them, and numbers them on', () => {
    const world = furnished();
    for (let number = 2; number <= 110; number += 1) {
      world.must('service.publish', { id: 'one', share: 1 });
      expect(world.state.get('service', 'one')?.live.map(({ release }) => release)).toEqual([1, number]);
      world.must('service.set-live', { id: 'one', live: [{ release: 1 }] });
    }
    const numbers = [...world.state.of('release', 'serviceId', 'one')]
      .map(({ number }) => number)
      .sort((a, b) => a - b);
    expect([numbers.length, numbers[0], numbers[1], numbers.at(-1)]).toEqual([100, 1, 12, 110]);
    world.must('service.retire', { id: 'one', force: true });
    world.must('service.restore', { id: 'one' });
    world.must('service.publish', { id: 'one' });
    expect(world.state.get('service', 'one')?.lastRelease).toBe(111);
  });
});

describe('a subscription', () => {
  const table: Readonly<Record<string, readonly string[]>> = {
    'subscription.approve': ['pending', 'rejected'],
    'subscription.reject': ['pending'],
    'subscription.suspend': ['approved'],
    'subscription.resume': ['suspended'],
  };
  for (const [what, from] of Object.entries(table)) {
    it(`takes ${what} where the table says so, and nowhere else`, () => {
      for (const standing of ['pending', 'approved', 'rejected', 'suspended'] as const) {
        const world = furnished();
        const [subscription] = world.state.all('subscription');
        if (subscription === undefined) throw new Error('no subscription');
        const { id } = subscription;
        world.state.apply({
          number: 0,
          changes: [{ kind: 'subscription', id, value: { ...subscription, state: standing } }],
        });
        expect([standing, world.do(what, { id }).ok]).toEqual([standing, from.includes(standing)]);
      }
    });
  }

  it('is to a service that the application may find, published, with that plan, and once', () => {
    const world = furnished();
    const cyd = world.state.userByLogin('cyd')?.id ?? '';
    const ask = (input: object) =>
      world.do('subscription.create', { serviceId: 'one', applicationId: 'one', planId: 'free', ...input }, as(cyd));
    expect(ask({})).toMatchObject({ ok: false, why: 'conflict', detail: expect.stringContaining('pending') });
    const [pending] = world.state.all('subscription');
    world.must('subscription.reject', { id: pending?.id, opinion: 'no' });
    expect(ask({ planId: 'none' })).toMatchObject({
      ok: false,
      why: 'invalid',
      faults: [{ cure: 'choose one of free, gold' }],
    });
    expect(ask({ serviceId: 'two' })).toMatchObject({ ok: false, detail: expect.stringContaining('not published') });
    world.must('service.change', { id: 'one', visibility: 'team' });
    expect(ask({})).toMatchObject({ ok: false, why: 'missing' });
    world.must('service.change', { id: 'one', visibility: 'public' });
    world.must('service.deprecate', { id: 'one', sunsetWallMs: DAY });
    expect(ask({})).toMatchObject({ ok: true, warnings: ['service one is deprecated, and ends on 1970-01-02'] });
    expect([...world.state.all('subscription')].map(({ state }) => state)).toEqual(['approved']);
    world.must('service.change', { id: 'one', access: 'open' });
    expect(ask({})).toMatchObject({ ok: false, detail: expect.stringContaining('open to all') });
  });

  it('that was suspended can be ended by the owners of the service alone, and a plan that waits for them is theirs to give', () => {
    const world = furnished();
    const [cyd, ben] = ['cyd', 'ben'].map((login) => as(world.state.userByLogin(login)?.id ?? ''));
    const [subscription] = world.state.all('subscription');
    const id = subscription?.id;
    world.must('subscription.approve', { id }, ben);
    expect(world.do('service.change', { id: 'one', plans: [{ id: 'free', name: 'Free' }] }, ben)).toMatchObject({
      ok: false,
      detail: expect.stringContaining('plan gold is used by 1 subscription'),
    });
    world.must('subscription.set-plan', { id, planId: 'free' }, cyd);
    expect(world.do('subscription.set-plan', { id, planId: 'gold' }, cyd)).toMatchObject({
      ok: false,
      why: 'forbidden',
    });
    world.must('subscription.set-plan', { id, planId: 'gold' }, ben);
    world.must('subscription.suspend', { id, opinion: 'too much' }, ben);
    expect(world.do('subscription.delete', { id }, cyd)).toMatchObject({ ok: false, why: 'forbidden' });
    world.must('subscription.delete', { id }, ben);
  });
});

describe('base paths', () => {
  const segment = fc.constantFrom('a', 'ab', 'b');
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => `/${segments.join('/')}`);

  it('are near when one of them has all segments of the other, whichever is asked first', () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        const [short, long] = [a.split('/'), b.split('/')].sort((x, y) => x.length - y.length);
        expect(areNear(a, b)).toBe(short?.every((word, index) => long?.[index] === word));
        expect(areNear(b, a)).toBe(areNear(a, b));
      }),
    );
  });

  it('of two services may be one on hosts that they do not share', () => {
    expect(haveCommonHost([], ['a.test'])).toBe(true);
    expect(haveCommonHost(['a.test'], ['b.test'])).toBe(false);
    expect(haveCommonHost(['*.test'], ['b.test'])).toBe(true);
    expect(haveCommonHost(['b.a.test'], ['c.test', '*.a.test'])).toBe(true);
    expect(haveCommonHost(['*.a.test'], ['*.test'])).toBe(true);
    expect(haveCommonHost(['*.a.test'], ['a.test'])).toBe(false);
    const world = furnished();
    const make = (id: string, basePath: string, hosts: string[] = []) =>
      world.do('service.create', { id, teamId: 'one', name: id, basePath, hosts });
    expect(make('x', '/one/deep')).toMatchObject({ ok: false, why: 'invalid', faults: [{ path: 'basePath' }] });
    expect(make('x', '/.weir')).toMatchObject({
      ok: false,
      faults: [{ message: '/.weir/jobs belongs to the gateway itself' }],
    });
    expect(make('x', '/ones').ok).toBe(true);
    expect(make('y', '/hosted', ['a.test']).ok).toBe(true);
    expect(make('z', '/hosted', ['b.test']).ok).toBe(true);
    expect(make('w', '/hosted').ok).toBe(false);
  });
});

describe('those who would be missed', () => {
  it('stay: the last operator, the last owner of a team', () => {
    const world = furnished();
    const id = world.state.userByLogin('ada')?.id;
    for (const patch of [{ isDisabled: true }, { isOperator: false }])
      expect(world.do('user.change', { id, ...patch })).toMatchObject({
        ok: false,
        detail: expect.stringContaining('last operator'),
      });
    expect(world.do('user.delete', { id })).toMatchObject({ ok: false });
    const userId = world.state.userByLogin('ben')?.id;
    expect(world.do('team.remove-member', { id: 'one', userId })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('without an owner'),
    });
    expect(world.do('team.set-member', { id: 'one', userId, role: 'viewer' })).toMatchObject({ ok: false });
    expect(world.do('user.delete', { id: userId })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('last owner of team one'),
    });
    world.must('team.set-member', { id: 'one', userId: id, role: 'owner' });
    world.must('user.delete', { id: userId });
    expect(world.state.get('team', 'one')?.members).toEqual({ [id ?? '']: 'owner' });
  });

  it('go only when nothing hangs on them: a team with services or applications stays', () => {
    const world = furnished();
    expect(world.do('team.delete', { id: 'two' })).toMatchObject({
      ok: false,
      detail: expect.stringContaining('1 service and 1 application'),
    });
  });
});

describe('bounds', () => {
  it('end the oldest session, take no more keys, tokens and secrets, and make room by what has expired', () => {
    const world = furnished();
    const userId = world.state.userByLogin('ben')?.id ?? '';
    for (let count = 0; count < 52; count += 1) world.must('session.open', { userId, expiresWallMs: 100_000 });
    const sessions = [...world.state.of('session', 'userId', userId)];
    expect(sessions.length).toBe(50);
    const key = (expiresWallMs: number | null = null) =>
      world.do('key.create', { applicationId: 'one', name: 'k', expiresWallMs });
    for (let count = 0; count < 20; count += 1) expect(key(count === 0 ? world.wallMs + 50 : null).ok).toBe(true);
    expect(key()).toMatchObject({ ok: false, detail: expect.stringContaining('20 keys') });
    world.wallMs += 50;
    expect(key().ok).toBe(true);
    expect(world.state.countOf('key', 'applicationId', 'one')).toBe(20);
    const token = () => world.do('token.create', { name: 't', scopes: ['read'], expiresWallMs: 90_000 }, as(userId));
    for (let count = 1; count < 50; count += 1) expect(token().ok).toBe(true);
    expect(token()).toMatchObject({ ok: false, detail: expect.stringContaining('50 tokens') });
  });

  it('rotate a key with an overlap, after which the old one has its end, and its name and end go on', () => {
    const world = furnished();
    const id = world.must('key.create', { applicationId: 'one', name: 'ci', expiresWallMs: 5_000 });
    const next = world.must('key.rotate', { id, overlapMs: 1_000 });
    expect(world.state.get('key', id)?.expiresWallMs).toBe(world.wallMs + 1_000);
    expect(world.state.get('key', next)).toMatchObject({ name: 'ci', expiresWallMs: 5_000, version: 1 });
    world.must('key.rotate', { id: next, overlapMs: 0 });
    expect(world.state.get('key', next)).toBe(null);
  });
});
