import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coversHosts } from './base-paths.js';
import { applicationsPerTeamMax, servicesPerTeamMax } from './bounds.js';
import type { Change, Service } from './entities.js';
import { as, furnished, type World } from './testing/world.js';

/** The furnished world with a developer of team one. */
function withDeveloper(): { world: World; dev: string; ben: string } {
  const world = furnished();
  const dev = world.must('user.create', { login: 'dev', name: 'Dev' });
  world.must('user.password', { id: dev }, as(dev));
  world.must('team.set-member', { id: 'one', userId: dev, role: 'developer' });
  return { world, dev, ben: world.state.userByLogin('ben')?.id ?? '' };
}

const plan = (id: string, approval: 'auto' | 'manual') => ({ id, name: id, approval });

describe('who is let in to a published service', () => {
  const opening: readonly object[] = [
    { access: 'open' },
    { visibility: 'public' },
    { plans: [plan('free', 'auto'), plan('gold', 'auto')] },
    { plans: [plan('free', 'auto'), plan('gold', 'manual'), plan('new', 'auto')] },
  ];

  it('is the word of an owner: a developer opens it to nobody who was not asked for', () => {
    for (const patch of opening) {
      const { world, dev, ben } = withDeveloper();
      const refused = world.do('service.change', { id: 'one', ...patch }, as(dev));
      expect(refused).toMatchObject({
        ok: false,
        why: 'forbidden',
        detail: expect.stringContaining('an owner of team one'),
      });
      expect(world.do('service.change', { id: 'one', ...patch }, as(ben))).toMatchObject({ ok: true });
    }
    // Neither is what is open closed to those who call it.
    const { world, dev } = withDeveloper();
    world.must('service.change', { id: 'one', access: 'open' });
    expect(world.do('service.change', { id: 'one', access: 'key' }, as(dev))).toMatchObject({ why: 'forbidden' });
  });

  it('is not touched by what closes it further, or by saying again what is so', () => {
    const { world, dev } = withDeveloper();
    for (const patch of [
      { visibility: 'team', access: 'key', name: 'Other' },
      { plans: [plan('free', 'manual'), plan('gold', 'manual'), plan('new', 'manual')] },
    ])
      expect(world.do('service.change', { id: 'one', ...patch }, as(dev))).toMatchObject({ ok: true });
  });

  it('is for its developers to say of a draft, which lets nobody in', () => {
    const { world, dev } = withDeveloper();
    world.must('service.create', { id: 'mine', teamId: 'one', name: 'Mine', basePath: '/mine' }, as(dev));
    for (const patch of opening) expect(world.do('service.change', { id: 'mine', ...patch }, as(dev)).ok).toBe(true);
  });
});

describe('what is served keeps its place', () => {
  const elsewhere: readonly object[] = [
    { basePath: '/elsewhere' },
    { hosts: ['a.test'] },
    { kind: 'ai' },
    { versioning: { by: 'header', header: 'x-v' } },
  ];

  it('whoever asks, until it is retired; a draft goes where it likes', () => {
    for (const stage of ['published', 'deprecated'] as const)
      for (const patch of elsewhere) {
        const world = furnished();
        if (stage === 'deprecated') world.must('service.deprecate', { id: 'one' });
        const refused = world.do('service.change', { id: 'one', ...patch });
        // Names of versions are set with the releases that they are of.
        expect(refused).toMatchObject({ ok: false, why: 'versioning' in patch ? 'invalid' : 'conflict' });
      }
    for (const patch of elsewhere) expect(furnished().do('service.change', { id: 'two', ...patch }).ok).toBe(true);
    const world = furnished();
    world.must('service.retire', { id: 'one', force: true });
    world.must('service.change', { id: 'one', basePath: '/elsewhere' });
    world.must('service.restore', { id: 'one' });
    expect(world.state.get('service', 'one')).toMatchObject({ stage: 'published', basePath: '/elsewhere' });
  });

  it('also by another field of the same versions, and may be had on more hosts', () => {
    const world = furnished();
    world.must('service.change', { id: 'two', versioning: { by: 'header', header: 'x-a' }, hosts: ['a.test'] });
    world.must('service.publish', { id: 'two', name: 'v1' });
    expect(world.do('service.change', { id: 'two', versioning: { by: 'header', header: 'x-b' } })).toMatchObject({
      why: 'conflict',
    });
    expect(world.do('service.change', { id: 'two', versioning: { by: 'path' } })).toMatchObject({ why: 'conflict' });
    expect(world.do('service.change', { id: 'two', hosts: ['a.test', 'b.test'] }).ok).toBe(true);
    expect(world.do('service.change', { id: 'two', hosts: ['*.test'] }).ok).toBe(true);
    expect(world.do('service.change', { id: 'two', hosts: ['b.test'] })).toMatchObject({ why: 'conflict' });
    expect(world.do('service.change', { id: 'two', hosts: [] }).ok).toBe(true);
  });

  it('as hosts say it: whatever host was served is served', () => {
    const host = fc.constantFrom('a.test', 'b.test', '*.test', 'x.a.test', '*.a.test');
    const names = ['a.test', 'b.test', 'x.a.test', 'x.b.test', 'other.example'];
    const serves = (hosts: readonly string[], name: string): boolean =>
      hosts.length === 0 || hosts.some((one) => one === name || (one.startsWith('*.') && name.endsWith(one.slice(1))));
    const some = fc.uniqueArray(host, { maxLength: 3 });
    fc.assert(
      fc.property(some, some, (hosts, before) => {
        if (coversHosts(hosts, before))
          for (const name of names) expect(serves(hosts, name) || !serves(before, name)).toBe(true);
        expect(coversHosts(before, before)).toBe(true);
      }),
    );
  });
});

describe('a service that is given to another team', () => {
  it('is taken by an owner of it, who has set there what its releases send', () => {
    const { world, dev, ben } = withDeveloper();
    const draft = {
      upstreams: [{ id: 'app', targets: 'http://one:1' }],
      routes: [{ match: '/*', headers: { request: { set: { a: `\${secret:TOKEN}` } } } }],
    };
    world.must('service.set-draft', { id: 'one', draft });
    world.must('service.publish', { id: 'one' });
    const move = (who: string, teamId = 'two') => world.do('service.move', { id: 'one', teamId }, as(who));
    // Of a team that they are not in, the same is said as of none.
    expect([move(ben), move(ben, 'none')]).toMatchObject([
      { why: 'missing', detail: 'there is no team two' },
      { why: 'missing', detail: 'there is no team none' },
    ]);
    world.must('team.set-member', { id: 'two', userId: ben, role: 'developer' });
    expect(move(ben)).toMatchObject({ why: 'forbidden' });
    world.must('team.set-member', { id: 'two', userId: ben, role: 'owner' });
    expect(move(dev)).toMatchObject({ why: 'forbidden' });
    expect(move(ben)).toMatchObject({
      why: 'conflict',
      detail: expect.stringContaining('the secret TOKEN, which team two has not'),
    });
    world.must('secret.set', { teamId: 'two', name: 'TOKEN' });
    expect(move(ben)).toMatchObject({ ok: true });
    expect(move(ben)).toMatchObject({ why: 'invalid' });
    expect(world.state.get('service', 'one')?.teamId).toBe('two');
  });
});

describe('one team', () => {
  it('takes no more than its part of what there is for all', () => {
    const world = furnished();
    const present = world.state.get('service', 'one') as Service; // It is furnished.
    const changes: Change[] = [];
    for (let at = 0; at < servicesPerTeamMax - 1; at += 1)
      changes.push({ kind: 'service', id: `s${at}`, value: { ...present, id: `s${at}`, basePath: `/s/${at}` } });
    for (let at = 0; at < applicationsPerTeamMax; at += 1) {
      const application = { ...{ id: `a${at}`, teamId: 'one', name: 'A', description: '', isDisabled: false } };
      const times = { version: 1, createdWallMs: 1, changedWallMs: 1 };
      changes.push({ kind: 'application', id: `a${at}`, value: { ...application, ...times } });
    }
    world.state.apply({ number: world.state.number + 1, changes });
    const more = { id: 'more', name: 'More', basePath: '/more' };
    expect(world.do('service.create', { ...more, teamId: 'one' })).toMatchObject({
      why: 'conflict',
      detail: expect.stringContaining('2000 services'),
    });
    expect(world.do('service.move', { id: 'two', teamId: 'one' })).toMatchObject({ why: 'conflict' });
    expect(world.do('service.create', { ...more, teamId: 'two' }).ok).toBe(true);
    expect(world.do('application.create', { id: 'more', teamId: 'one', name: 'M' })).toMatchObject({ why: 'conflict' });
    expect(world.do('application.create', { id: 'more', teamId: 'two', name: 'M' }).ok).toBe(true);
  });
});
