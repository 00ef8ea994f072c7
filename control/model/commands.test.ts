import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everything } from '../registry/state.js';
import { commands, decide } from './commands.js';
import { violations } from './invariants.js';
import { actorOf, askedOf, drawable, drawnCommand } from './testing/random-commands.js';
import { as, furnished, World } from './testing/world.js';

const sequence = (maxLength: number) => fc.array(drawnCommand(), { minLength: 10, maxLength, size: 'max' });

describe('whatever is done, by whomever, in whatever order', () => {
  it('can be drawn: every row of the table, and nothing else', () => {
    expect([...drawable].sort()).toEqual(Object.keys(commands).sort());
  });

  it('leaves a state in which every rule holds', () => {
    const succeeded = new Set<string>();
    fc.assert(
      fc.property(sequence(120), fc.boolean(), (drawn, isEmpty) => {
        const world = isEmpty ? new World() : furnished();
        let hadOperator = false;
        const lasts = new Map<string, number>();
        for (const one of drawn) {
          const decision = world.run(one);
          if (decision.ok) succeeded.add(one.what);
          expect(violations(world.state, ['/.weir/jobs'])).toEqual([]);
          hadOperator ||= world.state.operators() > 0;
          expect(world.state.operators() > 0).toBe(hadOperator);
          for (const { id, lastRelease } of world.state.all('service')) {
            const created = world.state.get('service', id)?.createdWallMs;
            const known = lasts.get(`${id} ${created}`) ?? 0;
            expect(lastRelease).toBeGreaterThanOrEqual(known);
            lasts.set(`${id} ${created}`, lastRelease);
          }
        }
      }),
      { numRuns: 150 },
    );
    // Nearly each kind of command was done at least once, or the sequences are too tame.
    expect(Object.keys(commands).filter((what) => !succeeded.has(what)).length).toBeLessThan(3);
  });

  it('is decided alike when it is decided again, and changes nothing by being decided', () => {
    fc.assert(
      fc.property(sequence(60), drawnCommand(), (drawn, last) => {
        const world = furnished();
        for (const one of drawn) world.run(one);
        const before = JSON.stringify([...everything(world.state)]);
        const asked = askedOf(last, world.state);
        const context = world.context(actorOf(last, world.state), asked);
        const first = decide(world.state, asked, context);
        expect(decide(world.state, asked, context)).toEqual(first);
        expect(JSON.stringify([...everything(world.state)])).toBe(before);
      }),
      { numRuns: 60 },
    );
  });

  it('raises the version of what it changes by one, and names what it is on', () => {
    fc.assert(
      fc.property(sequence(60), (drawn) => {
        const world = furnished();
        for (const one of drawn) {
          const before = new Map([...everything(world.state)].map(({ kind, id, value }) => [`${kind} ${id}`, value]));
          const decision = world.run(one);
          if (!decision.ok) continue;
          expect(decision.on).toMatch(/^([a-z]+ \S+|registry)$/);
          for (const { kind, id, value } of decision.changes) {
            const version = before.get(`${kind} ${id}`)?.version ?? 0;
            if (value === null) expect(version).toBeGreaterThan(0);
            else expect([value.id, value.version]).toEqual([id, version + 1]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a command', () => {
  it('of an author who has not seen the present version is refused', () => {
    const world = new World();
    world.must('team.create', { id: 'shop', name: 'Shop' });
    expect(world.do('team.change', { id: 'shop', name: 'Shops' }, undefined, 2)).toMatchObject({
      ok: false,
      why: 'outdated',
    });
    expect(world.do('team.change', { id: 'shop', name: 'Shops' }, undefined, 1)).toMatchObject({ ok: true });
    expect(world.do('team.create', { id: 'new', name: 'New' }, undefined, 0)).toMatchObject({ ok: true });
    expect(world.do('team.create', { id: 'new2', name: 'New' }, undefined, 3)).toMatchObject({
      ok: false,
      why: 'outdated',
    });
  });

  it('with an input that has no meaning is refused with its place and cure, field by field', () => {
    const world = new World();
    world.must('team.create', { id: 'shop', name: 'Shop' });
    const input = { id: 'Shop!', teamId: 'shop', name: '', basePath: '/a/', visiblity: 'team', tags: ['a', 'B'] };
    const decision = world.do('service.create', input);
    expect(decision).toMatchObject({ ok: false, why: 'invalid' });
    const faults = decision.ok ? [] : (decision.faults ?? []);
    expect(faults.map(({ path }) => path).sort()).toEqual(['basePath', 'id', 'name', 'tags[1]', 'visiblity']);
    for (const { cure } of faults) expect(cure.length).toBeGreaterThan(5);
    expect(world.do('no.such', {})).toMatchObject({ ok: false, why: 'invalid' });
    expect(world.do('constructor', {})).toMatchObject({ ok: false, why: 'invalid' });
  });

  it('takes no field that is not its own: what the model sets can not be assigned', () => {
    const world = new World();
    world.must('team.create', { id: 'shop', name: 'Shop' });
    const ada = world.must('user.create', { login: 'ada', name: 'Ada' });
    world.must('user.password', { id: ada }, as(ada));
    world.must('team.set-member', { id: 'shop', userId: ada, role: 'owner' });
    const base = { id: 'cart', teamId: 'shop', name: 'Cart', basePath: '/cart' };
    for (const extra of [{ stage: 'published' }, { lastRelease: 7 }, { live: [] }, { version: 9 }, { draft: {} }])
      expect(world.do('service.create', { ...base, ...extra }, as(ada))).toMatchObject({ ok: false, why: 'invalid' });
    expect(world.do('user.rename', { id: ada, name: 'Ada', isOperator: true }, as(ada))).toMatchObject({
      why: 'invalid',
    });
    expect(world.do('service.create', JSON.parse('{"__proto__":{"id":"x"}}'), as(ada))).toMatchObject({
      why: 'invalid',
    });
    expect(world.do('team.set-member', { id: 'shop', userId: '__proto__', role: 'owner' }, as(ada))).toMatchObject({
      why: 'invalid',
    });
  });
});
