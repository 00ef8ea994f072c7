/** Who may call what: the needs of a route against whoever asks. Pure, and the one place where that is decided. */
import type { TeamRole } from '../../model/entities.js';
import { isAtLeast } from '../../model/permissions.js';
import type { Caller, Needs } from './api-route.js';
import { type ApiProblem, forbidden, missing, nobody, passwordIsDue } from './problems.js';

/** What a route says of itself, as far as it is about access. */
export interface Access {
  readonly needs: Needs;
  /** `services`: of token scopes. */
  readonly area: string;
  readonly does: 'read' | 'write';
  readonly beforePasswordChange?: boolean;
  readonly asksNoScope?: boolean;
}

/** Before anything of the request but its head is read. Null: it may go on; a team's role is looked at when it is known which team. */
export function refusalAtDoor(access: Access, caller: Caller): ApiProblem | null {
  const { needs, area, does } = access;
  const isNobody = caller.actor.via === 'none';
  if (needs === 'nobody' && (isNobody || access.asksNoScope === true)) return null;
  if (isNobody) return nobody;
  if (caller.user?.mustChangePassword === true && access.beforePasswordChange !== true) return passwordIsDue;
  if (!caller.reaches(area, does))
    return forbidden(`This token does not reach that far: it lacks the scope ${area}:${does}.`);
  if (needs === 'operator' && !caller.isOperator) return forbidden('This is for operators.');
  return null;
}

/** `teamId` null: there is no such thing. Who is no member of its team is told the same. */
export function refusalOfTeam(least: TeamRole, teamId: string | null, caller: Caller): ApiProblem | null {
  const role = teamId === null ? null : caller.roleIn(teamId);
  if (role === null) return missing;
  if (isAtLeast(role, least)) return null;
  return forbidden(
    `This takes ${least === 'owner' ? 'an owner' : `a ${least}`} of team ${teamId}; you are its ${role}.`,
  );
}
