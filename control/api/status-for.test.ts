import type { NodeStatus } from '@weir/proto/events/node-status.js';
import { expect, it } from 'vitest';
import type { ControlStatus } from './control-status.js';
import { briefOf, statusFor } from './status-for.js';
import type { Caller } from './v1/api-route.js';

const target = (upstream: string, standing: 'well' | 'out' = 'well') => ({
  ...{ upstream, target: `${upstream}.example:80`, open: 0, idle: 0, waiting: 0, inFlight: 0, standing, reason: '' },
});
const names = ['own', 'shop.app', 'shop@4.app', 'desk.ai-openai', 'gone.app'];
// What is looked at of a status.
const status = {
  nodes: [
    {
      status: {
        targets: names.map((name) => target(name, name === 'desk.ai-openai' ? 'out' : 'well')),
        upstreams: names.map((upstream) => ({ upstream, standing: 'well', reason: '' })),
        healthChanges: names.map((upstream) => ({ upstream })),
        peerOpinions: names.map((upstream) => ({ upstream })),
      } as unknown as NodeStatus,
    },
    { status: null },
  ],
} as unknown as ControlStatus;
const as = (teams: readonly string[], isOperator = false) =>
  ({ isOperator, roleIn: (id: string) => (teams.includes(id) ? 'viewer' : null) }) as Caller;
const teamOf = (id: string): string | null => ({ shop: 'red', desk: 'blue' })[id] ?? null;

it('operators are told all of it', () => {
  expect(statusFor(as([], true), status, teamOf)).toEqual(status);
});

it.each([
  [['red'], ['shop.app', 'shop@4.app']],
  [['blue'], ['desk.ai-openai']],
  [
    ['red', 'blue'],
    ['shop.app', 'shop@4.app', 'desk.ai-openai'],
  ],
  [[], []],
])('members of %j are told of %j, and how many there are', (teams, upstreams) => {
  const [first, second] = statusFor(as(teams), status, teamOf).nodes;
  const of = (list: readonly { readonly upstream: string }[] = []) => list.map(({ upstream }) => upstream);
  const { targets, upstreams: whole, healthChanges, peerOpinions, targetCounts } = first?.status ?? {};
  expect([of(targets), of(whole), of(healthChanges), of(peerOpinions)]).toEqual(Array(4).fill(upstreams));
  expect([targetCounts, second?.status]).toEqual([{ all: 5, trial: 0, out: 1 }, null]);
});

it('in brief names no route, upstream or target, and counts them as before', () => {
  const routes = ['one', 'two'];
  const counted = { all: 10_000, trial: 1, out: 2 };
  const { nodes, ...brief } = briefOf({ ...status, routes });
  const [first, second] = nodes;
  const { targets, upstreams, healthChanges, peerOpinions, targetCounts } = first?.status ?? {};
  expect([targets, upstreams, healthChanges, peerOpinions]).toEqual([[], [], [], []]);
  expect([targetCounts, second?.status]).toEqual([{ all: 5, trial: 0, out: 1 }, null]);
  expect([brief.routes, brief.routeCount]).toEqual([[], 2]);
  const many = { ...status, routes, routeCount: 900, nodes: status.nodes.map((node) => told(node, counted)) };
  expect([briefOf(many).routeCount, briefOf(many).nodes[0]?.status?.targetCounts]).toEqual([900, counted]);
});

const told = (
  node: ControlStatus['nodes'][number],
  targetCounts: NonNullable<NodeStatus['targetCounts']>,
): ControlStatus['nodes'][number] =>
  node.status === null ? node : { ...node, status: { ...node.status, targetCounts } };
