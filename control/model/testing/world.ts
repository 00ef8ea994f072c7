/** A registry's state that commands are tried on, one after the other, without a log. Only tests import this file. */
import { RegistryState } from '../../registry/state.js';
import { decide } from '../commands.js';
import type { Decision, DecisionContext } from '../decision.js';
import type { Actor } from '../entities.js';
import { actorOf, askedOf, type Drawn, factsOf, LOCAL } from './random-commands.js';

export class World {
  readonly state = new RegistryState();
  wallMs = 100;
  step = 0;

  context(actor: Actor, asked: { input: unknown; what: string }): DecisionContext {
    const { step, wallMs } = this;
    return { actor, wallMs, newId: `n${step}`, facts: factsOf(step, asked), reservedPaths: ['/.weir/jobs'] };
  }

  /** Decides, and takes what was decided for done. */
  run(drawn: Drawn): Decision {
    return this.do(askedOf(drawn, this.state).what, askedOf(drawn, this.state).input, actorOf(drawn, this.state));
  }

  do(what: string, input: unknown, actor: Actor = LOCAL, expected?: number): Decision {
    this.step += 1;
    this.wallMs += 1;
    const decision = decide(this.state, { what, input, expected }, this.context(actor, { what, input }));
    if (decision.ok) this.state.apply({ number: this.state.number + 1, changes: decision.changes });
    return decision;
  }

  /** As `do`, where it has to succeed. */
  must(what: string, input: unknown, actor: Actor = LOCAL): string {
    const decision = this.do(what, input, actor);
    if (!decision.ok) throw new Error(`${what}: ${decision.detail}`);
    return `n${this.step}`;
  }
}

/** With something of everything to begin with: two teams, a service each, of which one is published and subscribed to by the other. */
export function furnished(): World {
  const world = new World();
  const [ada, ben, cyd] = ['ada', 'ben', 'cyd'].map((login, index) => {
    const id = world.must('user.create', { login, name: login, isOperator: index === 0 });
    world.must('user.password', { id }, as(id));
    return id;
  });
  world.must('team.create', { id: 'one', name: 'One', ownerId: ben });
  world.must('team.create', { id: 'two', name: 'Two', ownerId: cyd });
  world.must('team.set-member', { id: 'two', userId: ada, role: 'viewer' });
  const plans = [
    { id: 'free', name: 'Free', approval: 'auto' },
    { id: 'gold', name: 'Gold' },
  ];
  const base = { name: 'Service', plans, visibility: 'organisation' };
  world.must('service.create', { ...base, id: 'one', teamId: 'one', basePath: '/one' });
  world.must('service.set-draft', { id: 'one', draft: { routes: [{ match: '/*' }] } });
  world.must('service.publish', { id: 'one' });
  world.must('service.create', { ...base, id: 'two', teamId: 'two', basePath: '/two', versioning: { by: 'path' } });
  world.must('service.set-draft', { id: 'two', draft: { routes: [{ match: '/*' }] } });
  world.must('application.create', { id: 'one', teamId: 'two', name: 'App' });
  world.must('subscription.create', { serviceId: 'one', applicationId: 'one', planId: 'gold' });
  world.must('token.create', { name: 'ci', scopes: ['read'], expiresWallMs: 1_000 }, as(ben ?? ''));
  return world;
}

export function as(userId: string): Actor {
  return { userId, login: userId, via: 'session', from: '127.0.0.1' };
}
