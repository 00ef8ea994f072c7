/** Of which of their teams somebody has changed something: whose part of the log it takes. Pure. */
import type { ModelState } from '../model/decision.js';
import type { Change } from '../model/entities.js';
import { roleIn, type Standing } from '../model/permissions.js';
import { ownersOf } from './lookup.js';

/** `state`: before it was changed. A team that they are no member of is not charged: others could keep it from its work. */
export function teamsOf(
  state: Pick<ModelState, 'get'>,
  standing: Standing,
  changes: readonly Change[],
): ReadonlySet<string> {
  const teams = new Set<string>();
  for (const change of changes)
    for (const teamId of teamsOfChange(state, change)) if (roleIn(state, standing, teamId) !== null) teams.add(teamId);
  return teams;
}

function teamsOfChange(state: Pick<ModelState, 'get'>, { kind, id, value }: Change): string[] {
  if (kind === 'team') return [id];
  const entity = value ?? state.get(kind, id);
  if (entity === null) return [];
  // Of that kind, as both come from it; the compiler can't follow that through the union.
  return ownersOf(kind, entity as never).flatMap(([by, owner]) => {
    if (by === 'teamId') return [owner];
    const held =
      by === 'serviceId'
        ? state.get('service', owner)
        : by === 'applicationId'
          ? state.get('application', owner)
          : null;
    return held === null ? [] : [held.teamId];
  });
}
