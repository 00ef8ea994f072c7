import type { RouteSpec } from '@weir/proto/snapshot/snapshot.js';
import { expect, it } from 'vitest';
import { ofTeam } from './of-team.js';

it('marks each route and upstream of a service, so that nodes know whose they are', () => {
  const routes = [
    { id: 'shop@1/a', cache: null },
    { id: 'shop@1/b', cache: {} },
  ] as RouteSpec[]; // Nothing else of them is looked at.
  const marked = ofTeam('/shop', { upstreams: [], routes });
  expect(marked.routes.map(({ isManaged, cache }) => [isManaged, cache?.invalidatesBelow])).toEqual([
    [true, undefined],
    [true, '/shop'],
  ]);
});
