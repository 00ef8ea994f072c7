/**
 * What a caller is told of the status: operators all of it, others of targets and upstreams those of their own teams, and how many there are in all. Where
 * the services of other teams lie is theirs to tell. Pure.
 */
import type { NodeStatus, TargetStatus } from '@weir/proto/events/node-status.js';
import type { ControlStatus, SupervisedNode } from './control-status.js';
import type { Caller } from './v1/api-route.js';

/** Which team a service is of; null: there is none of that id. */
export type TeamOfService = (serviceId: string) => string | null;

export function statusFor(caller: Caller, status: ControlStatus, teamOf: TeamOfService): ControlStatus {
  if (caller.isOperator) return status;
  const isOwn = (upstream: string): boolean => {
    const teamId = teamOf(serviceOf(upstream));
    return teamId !== null && caller.roleIn(teamId) !== null;
  };
  const { troubles: _, ...told } = status;
  return { ...told, nodes: status.nodes.map((node) => nodeFor(node, isOwn)) };
}

/** Of who serves and what is in force, without what is told of each route, upstream and target: of these there may be a hundred KiB, and an overview counts them. */
export function briefOf(status: ControlStatus): ControlStatus {
  const none = { targets: [], upstreams: [], healthChanges: [], peerOpinions: [] };
  const nodes = status.nodes.map((node) => {
    const { status: told } = node;
    if (told === null) return node;
    const { targets, targetCounts = countsOf(targets) } = told;
    return { ...node, status: { ...told, ...none, targetCounts } };
  });
  return { ...status, routes: [], routeCount: status.routeCount ?? status.routes.length, nodes };
}

/** `shop.app`, or `shop@4.app`; upstreams of weir.yaml are of no service. */
function serviceOf(upstream: string): string {
  const dot = upstream.indexOf('.');
  return dot === -1 ? '' : upstream.slice(0, dot).replace(/@.*$/, '');
}

function nodeFor(node: SupervisedNode, isOwn: (upstream: string) => boolean): SupervisedNode {
  const { status } = node;
  if (status === null) return node;
  const own = <T extends { readonly upstream: string }>(list: readonly T[]): T[] =>
    list.filter(({ upstream }) => isOwn(upstream));
  const { targets, upstreams, healthChanges, peerOpinions, targetCounts = countsOf(targets) } = status;
  const told: NodeStatus = {
    ...{ ...status, targetCounts },
    ...{ targets: own(targets), upstreams: own(upstreams) },
    ...{ healthChanges: own(healthChanges), peerOpinions: own(peerOpinions) },
  };
  return { ...node, status: told };
}

function countsOf(targets: readonly TargetStatus[]): NonNullable<NodeStatus['targetCounts']> {
  const of = (wanted: TargetStatus['standing']): number => targets.filter(({ standing }) => standing === wanted).length;
  return { all: targets.length, trial: of('trial'), out: of('out') };
}
