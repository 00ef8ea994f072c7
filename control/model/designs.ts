/** What designs take: all of them are held in memory, and so their characters are counted. Pure. */
import { designsCharsMax, designsCharsPerTeamMax } from './bounds.js';
import { type ModelState, type Refusal, refuse } from './decision.js';
import type { Design, Service } from './entities.js';

/** Counted once for each: a design is never changed. */
const counted = new WeakMap<Design, number>();

export function charsOf(design: Design): number {
  const known = counted.get(design);
  if (known !== undefined) return known;
  const { contract, upstreams, routes, ai = {} } = design;
  const chars = contract.length + [upstreams, routes, ai].reduce((sum, part) => sum + JSON.stringify(part).length, 0);
  counted.set(design, chars);
  return chars;
}

export interface DesignChange {
  readonly more: Design;
  /** What goes for it; left out: nothing. */
  readonly less?: Design;
}

/** Null: there is room, in the whole registry and for the team. */
export function tooManyDesigns(
  state: ModelState,
  { teamId }: Pick<Service, 'teamId'>,
  { more, less }: DesignChange,
): Refusal | null {
  const added = charsOf(more) - (less === undefined ? 0 : charsOf(less));
  // What takes no more than before is always let in.
  if (added <= 0) return null;
  if (state.designsChars + added > designsCharsMax)
    return refuse(
      'conflict',
      `all designs take ${designsCharsMax} characters, which is the most; delete retired services`,
    );
  // No team can have more than all have together, so its own are counted only where that is a question.
  if (
    state.designsChars + added <= designsCharsPerTeamMax ||
    charsOfTeam(state, teamId) + added <= designsCharsPerTeamMax
  )
    return null;
  return refuse(
    'conflict',
    `the designs of team ${teamId} take ${designsCharsPerTeamMax} characters, which is the most; delete its retired services`,
  );
}

function charsOfTeam(state: ModelState, teamId: string): number {
  let chars = 0;
  for (const { id, draft } of state.of('service', 'teamId', teamId)) {
    chars += charsOf(draft);
    for (const { design } of state.of('release', 'serviceId', id)) chars += charsOf(design);
  }
  return chars;
}
