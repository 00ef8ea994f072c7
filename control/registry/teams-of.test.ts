import { expect, it } from 'vitest';
import type { Change } from '../model/entities.js';
import { standingOf } from '../model/permissions.js';
import { as, furnished } from '../model/testing/world.js';
import { teamsOf } from './teams-of.js';

it('charges the team whose thing is changed, by whatever it hangs on, and no team that the author is not in', () => {
  const world = furnished();
  const [ben, cyd] = ['ben', 'cyd'].map((login) => as(world.state.userByLogin(login)?.id ?? ''));
  if (ben === undefined || cyd === undefined) throw new Error('they are furnished');
  const [subscription] = world.state.all('subscription');
  if (subscription === undefined) throw new Error('it is furnished');
  const of = (actor: typeof ben, ...changes: Change[]): string[] =>
    [...teamsOf(world.state, standingOf(world.state, actor), changes)].sort();
  const ended = (kind: Change['kind'], id: string): Change => ({ kind, id, value: null });
  expect(of(ben, ended('service', 'one'))).toEqual(['one']);
  expect(of(ben, ended('release', 'one@1'), ended('service', 'two'))).toEqual(['one']);
  expect(of(cyd, ended('application', 'one'), ended('team', 'two'))).toEqual(['two']);
  // Of a subscription either side pays for what it does itself: else a stranger could use up what another team may change.
  const changed: Change = { kind: 'subscription', id: subscription.id, value: subscription };
  expect([of(ben, changed), of(cyd, changed)]).toEqual([['one'], ['two']]);
  expect(of(cyd, ended('service', 'none'), ended('user', 'none'))).toEqual([]);
});
