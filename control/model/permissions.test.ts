import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everything } from '../registry/state.js';
import { commands, decide } from './commands.js';
import type { Actor, EntityKind, TeamRole } from './entities.js';
import { isAtLeast, maySee, roleIn, standingOf } from './permissions.js';
import { askedOf, drawnCommand, STRANGER } from './testing/random-commands.js';
import { as, furnished, type World } from './testing/world.js';

const sequence = fc.array(drawnCommand(), { maxLength: 40, size: 'max' });
/** What needs no team: of themselves, and of those whom the code of sign-in has found to be genuine. */
const notOfTeams = Object.keys(commands).filter((what) =>
  ['self', 'signed-in', 'prover'].includes(commands[what]?.needs ?? ''),
);
const ofTeams = Object.keys(commands).filter((what) => !notOfTeams.includes(what));

/** Nobody's member, and no operator. */
function outsider(world: World): Actor {
  const id = world.must('user.create', { login: `out${world.step}`, name: 'Outsider' });
  world.must('user.password', { id }, as(id));
  return as(id);
}

function after(drawn: readonly Parameters<World['run']>[0][]): World {
  const world = furnished();
  for (const one of drawn) world.run(one);
  return world;
}

describe('rights', () => {
  it('are none for whoever is in no team: nothing of a team can be done, and the thing itself is not there', () => {
    fc.assert(
      fc.property(sequence, drawnCommand(ofTeams), (drawn, last) => {
        const world = after(drawn);
        const user = outsider(world);
        for (const actor of [user, STRANGER]) {
          const asked = askedOf(last, world.state);
          const decision = decide(world.state, asked, world.context(actor, asked));
          if (decision.ok) throw new Error(`${asked.what} was done by an outsider`);
          expect(['missing', 'forbidden', 'invalid', 'outdated']).toContain(decision.why);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('of a user who is disabled, was deleted, or has to change the password, are none', () => {
    fc.assert(
      fc.property(
        sequence,
        drawnCommand(),
        fc.constantFrom('isDisabled', 'mustChangePassword', 'deleted'),
        (drawn, last, how) => {
          const world = after(drawn);
          const [user] = [...world.state.all('user')].filter(({ isOperator }) => isOperator);
          if (user === undefined) return;
          const value =
            how === 'deleted' ? null : { ...user, isDisabled: false, mustChangePassword: false, [how]: true };
          world.state.apply({ number: 0, changes: [{ kind: 'user', id: user.id, value }] });
          const asked = askedOf(last, world.state);
          const may = ['user.password', 'user.sign-out', 'session.close', 'session.open', 'user.enrol'];
          if (how === 'mustChangePassword' && may.includes(asked.what)) return;
          if (commands[asked.what]?.needs === 'prover') return;
          expect(decide(world.state, asked, world.context(as(user.id), asked)).ok).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('only grow with the role: what a viewer may, a developer may, and so on to the operator', () => {
    const roles: readonly TeamRole[] = ['viewer', 'developer', 'owner'];
    fc.assert(
      fc.property(sequence, drawnCommand(), (drawn, last) => {
        const world = after(drawn);
        const actor = outsider(world);
        const asked = askedOf(last, world.state);
        const context = world.context(actor, asked);
        const user = world.state.get('user', actor.userId);
        if (user === null) throw new Error('no outsider');
        let couldBefore = decide(world.state, asked, context).ok;
        for (const role of roles) {
          for (const team of world.state.all('team')) {
            const value = { ...team, members: { ...team.members, [user.id]: role } };
            world.state.apply({ number: 0, changes: [{ kind: 'team', id: team.id, value }] });
          }
          const can = decide(world.state, asked, context).ok;
          // A member can be taken out of a team, or be one already: then the command is another one.
          if (couldBefore && !JSON.stringify(asked.input).includes(user.id))
            expect([asked.what, role, can]).toEqual([asked.what, role, true]);
          couldBefore = can;
        }
        world.state.apply({
          number: 0,
          changes: [{ kind: 'user', id: user.id, value: { ...user, isOperator: true } }],
        });
        if (couldBefore && asked.what !== 'user.enrol') expect(decide(world.state, asked, context).ok).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('of a viewer are to look, and of a developer none of those that owners have', () => {
    const owners =
      /^(team\.(change|set-member|remove-member)|secret\.|service\.(move|retire|restore|delete)|subscription\.(approve|reject|suspend|resume))/;
    const byTeam = Object.keys(commands).filter((what) => commands[what]?.needs === 'team');
    fc.assert(
      fc.property(sequence, drawnCommand(byTeam), (drawn, last) => {
        const world = after(drawn);
        const actor = outsider(world);
        const asked = askedOf(last, world.state);
        for (const role of ['viewer', 'developer'] as const) {
          for (const team of world.state.all('team')) {
            const value = { ...team, members: { ...team.members, [actor.userId]: role } };
            world.state.apply({ number: 0, changes: [{ kind: 'team', id: team.id, value }] });
          }
          if (role === 'developer' && !owners.test(asked.what)) continue;
          expect([asked.what, decide(world.state, asked, world.context(actor, asked)).ok]).toEqual([asked.what, false]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('to see: everything for an operator, the catalogue for others, and of public services for nobody signed in', () => {
    fc.assert(
      fc.property(sequence, (drawn) => {
        const world = after(drawn);
        const { state } = world;
        const outside = standingOf(state, outsider(world));
        for (const { kind, value } of everything(state)) {
          if (value === null || (kind === 'user' && value.id === outside.user?.id)) continue;
          expect(maySee(state, { isOperator: true, user: null }, kind, value)).toBe('full');
          const sight = maySee(state, outside, kind, value);
          const publicly = maySee(state, standingOf(state, STRANGER), kind, value);
          if (kind !== 'service' && kind !== 'release') expect([kind, sight, publicly]).toEqual([kind, null, null]);
          if (kind === 'service') {
            const { stage, visibility } = value;
            expect(sight).toBe(stage !== 'draft' && visibility !== 'team' ? 'catalogue' : null);
            expect(publicly).toBe(stage !== 'draft' && visibility === 'public' ? 'catalogue' : null);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are those of the user as known, and not of what an actor says of himself', () => {
    const { state } = furnished();
    expect(standingOf(state, { userId: 'local', via: 'session' }).isOperator).toBe(false);
    expect(standingOf(state, { userId: '', via: 'local' }).isOperator).toBe(true);
    expect(roleIn(state, standingOf(state, as('__proto__')), 'one')).toBe(null);
    expect(roleIn(state, { isOperator: true, user: null }, 'none')).toBe(null);
    expect(isAtLeast(null, 'viewer')).toBe(false);
  });

  it('are refused without a word of what one may not know, and with the role where one may', () => {
    const world = furnished();
    const actor = outsider(world);
    const ask = (what: string, input: object) => world.do(what, input, actor);
    expect(ask('service.change', { id: 'two', name: 'X' })).toEqual({
      ok: false,
      why: 'missing',
      detail: 'there is no service two',
    });
    expect(ask('service.change', { id: 'nil', name: 'X' })).toEqual({
      ok: false,
      why: 'missing',
      detail: 'there is no service nil',
    });
    expect(ask('service.change', { id: 'one', name: 'X' })).toMatchObject({
      why: 'forbidden',
      detail: expect.stringContaining('developer in team one'),
    });
    expect(ask('application.change', { id: 'one', name: 'X' })).toMatchObject({ why: 'missing' });
    expect(ask('team.create', { id: 'mine', name: 'Mine' })).toMatchObject({ why: 'forbidden' });
    for (const kind of ['team', 'application', 'subscription'] as EntityKind[])
      for (const entity of world.state.all(kind))
        expect(maySee(world.state, standingOf(world.state, actor), kind, entity)).toBe(null);
  });
});
