import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loansOf, tellLoans } from './borrowed-models.js';
import { furnished, type World } from './testing/world.js';

const model = { ai: { providers: { openai: {} }, models: { smart: 'openai/gpt-5' } } };

/** Service `one` offers models; `translate` of the same team is published with that design. */
function lending(ai: object, routes: readonly object[] = [{ match: '/*', ai: { promptsOnly: true } }]): World {
  const world = furnished();
  world.must('service.set-draft', { id: 'one', draft: { ...model, routes: [{ match: '/*', ai: true }] } });
  world.must('service.publish', { id: 'one' });
  publish(world, 'translate', 'one', { ai, routes });
  return world;
}

function publish(world: World, id: string, teamId: string, draft: object): void {
  const plans = [{ id: 'free', name: 'Free' }];
  world.must('service.create', { ...{ id, teamId, name: id, kind: 'prompt', plans }, basePath: `/${id}` });
  world.must('service.set-draft', { id, draft });
  world.must('service.publish', { id });
}

const loans = (world: World) => {
  const service = world.state.get('service', 'one');
  return service === null ? [] : loansOf(world.state, service);
};
const prompt = { prompts: { t: { model: 'one/smart', messages: '{{text}}' } } };

describe('models that are lent', () => {
  it('are found in prompts and in routes, in both forms, and once each', () => {
    for (const [ai, routes] of [
      [prompt, []],
      [{ prompts: { ...prompt.prompts, u: prompt.prompts.t } }, []],
      [{}, [{ match: '/b', ai: { models: ['one/smart', 'gpt'] } }]],
      [prompt, [{ match: '/b', ai: { models: 'one/smart' } }]],
    ] as const)
      expect(loans(lending(ai, [{ match: '/*' }, ...routes]))).toEqual([{ by: 'translate', model: 'one/smart' }]);
  });

  it('are none of a provider of its own by that name, of other names, of a draft, nor of another team', () => {
    for (const ai of [
      { providers: { one: { kind: 'openai' } }, ...prompt },
      { providers: ['one'], ...prompt },
      { prompts: { t: { model: 'one-more/smart', messages: 'one/smart' } } },
    ])
      expect(loans(lending(ai))).toEqual([]);
    const world = lending(prompt);
    world.must('service.set-draft', { id: 'translate', draft: { routes: [{ match: '/*' }] } });
    world.must('service.publish', { id: 'translate' });
    world.must('service.set-draft', { id: 'translate', draft: { ai: prompt, routes: [{ match: '/*' }] } });
    publish(world, 'elsewhere', 'two', { ai: prompt, routes: [{ match: '/*' }] });
    expect(loans(world)).toEqual([]);
  });

  it('keep a service from being retired, or moved to another team, until it is forced or nobody borrows', () => {
    const world = lending(prompt);
    const sunsetWallMs = world.wallMs + 1_000;
    const retire = (force = false) => world.do('service.retire', { id: 'one', force });
    expect(retire()).toMatchObject({ detail: expect.stringMatching(/not deprecated.*; .*translate \(one\/smart\)/) });
    world.must('service.deprecate', { id: 'one', sunsetWallMs });
    world.wallMs = sunsetWallMs;
    expect(retire()).toMatchObject({ ok: false, why: 'conflict' });
    expect(retire()).toMatchObject({
      detail: expect.stringMatching(/^other services.*translate \(one\/smart\).*force/),
    });
    expect(world.do('service.move', { id: 'one', teamId: 'two' })).toMatchObject({
      ...{ ok: false, why: 'conflict' },
      detail: expect.stringContaining('translate (one/smart)'),
    });
    expect(world.do('service.move', { id: 'translate', teamId: 'two' })).toMatchObject({
      ...{ ok: false, why: 'conflict' },
      detail: expect.stringContaining('translate (one/smart)'),
    });
    world.must('service.retire', { id: 'translate', force: true });
    expect(world.do('service.move', { id: 'one', teamId: 'two' }).ok).toBe(true);
    expect(retire().ok).toBe(true);
    const other = lending(prompt);
    expect(other.do('service.retire', { id: 'one', force: true }).ok).toBe(true);
  });

  it('keep a release without them from being served first, until it is forced or nobody borrows', () => {
    const world = lending(prompt);
    const other = { ai: { providers: { openai: {} }, models: { other: 'openai/gpt-5' } }, routes: [{ match: '/*' }] };
    world.must('service.set-draft', { id: 'one', draft: other });
    const publication = (more: object = {}) => world.do('service.publish', { id: 'one', ...more });
    const live = (releases: readonly object[], more: object = {}) =>
      world.do('service.set-live', { id: 'one', live: releases, ...more });
    const refused = { ok: false, why: 'conflict', detail: expect.stringMatching(/translate \(one\/smart\).*force/) };
    expect(publication()).toMatchObject(refused);
    // A canary stands behind the release that lends.
    world.must('service.publish', { id: 'one', share: 10 });
    const [release = 0, without = 0] = world.state.get('service', 'one')?.live.map((each) => each.release) ?? [];
    expect(live([{ release: without }])).toMatchObject(refused);
    const turned = [
      { release: without, share: 10 },
      { release, share: 90 },
    ];
    expect(live(turned)).toMatchObject(refused);
    expect(live([{ release }]).ok).toBe(true);
    expect(live([{ release: without }], { force: true }).ok).toBe(true);
    // What is lost is lost: no later step takes it away once more.
    expect(publication().ok).toBe(true);
    expect(live([{ release }]).ok).toBe(true);
    expect(publication({ force: true }).ok).toBe(true);
    const free = lending({ prompts: { t: { model: 'gpt', messages: '{{text}}' } } });
    free.must('service.set-draft', { id: 'one', draft: other });
    expect(free.do('service.publish', { id: 'one' }).ok).toBe(true);
  });

  it('may be written as a list, and may have more beside them in the next release', () => {
    const world = lending(prompt);
    const models = [
      { id: 'more', targets: 'openai/gpt-5' },
      { id: 'smart', targets: 'openai/gpt-6' },
    ];
    world.must('service.set-draft', {
      ...{ id: 'one', draft: { ai: { providers: ['openai'], models }, routes: [{ match: '/*', ai: true }] } },
    });
    world.must('service.publish', { id: 'one' });
    world.must('service.set-draft', {
      ...{ id: 'one', draft: { ai: { providers: ['openai'], models: models.slice(0, 1) }, routes: [{ match: '/*' }] } },
    });
    expect(world.do('service.publish', { id: 'one' })).toMatchObject({ ok: false, why: 'conflict' });
  });

  it('are told of by name, ten of them at most, and the others are counted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (count) => {
        const all = Array.from({ length: count }, (_, i) => ({ by: `s${i}.`, model: 'one/m' }));
        const told = tellLoans(all);
        expect(all.filter(({ by }) => told.includes(`${by} (one/m)`)).length).toBe(Math.min(10, count));
        expect(/ and (\d+) more$/.exec(told)?.[1]).toBe(count > 10 ? String(count - 10) : undefined);
      }),
    );
  });
});
