/**
 * Who would lose a model where a service is served no longer: prompts and routes of other services of its team, which name it as `SERVICE/MODEL`
 * (publish/managed/compose-ai.ts has what such a name means). Pure.
 */
import type { ModelState } from './decision.js';
import type { Design, Service } from './entities.js';

export interface Loan {
  /** The service that borrows. */
  readonly by: string;
  /** `assistant/smart` */
  readonly model: string;
}

/** What others have of it, and are served; in the order of their ids. */
export function loansOf(state: ModelState, { id, teamId }: Pick<Service, 'id' | 'teamId'>): readonly Loan[] {
  return [...state.of('service', 'teamId', teamId)].flatMap((other) => between(state, other, id));
}

/** What is served of it and comes of others. */
export function loansTo(state: ModelState, service: Service): readonly Loan[] {
  return [...state.of('service', 'teamId', service.teamId)].flatMap(({ id }) => between(state, service, id));
}

function between(state: ModelState, { id: by, live }: Service, lender: string): readonly Loan[] {
  if (by === lender) return [];
  const models = live.flatMap(({ release }) => {
    const design = state.get('release', `${by}@${release}`)?.design;
    return design === undefined ? [] : borrowedIn(design, lender);
  });
  return [...new Set(models)].map((model) => ({ by, model }));
}

/** `translate (assistant/smart), sum (assistant/smart)`; the first of them. */
export function tellLoans(loans: readonly Loan[]): string {
  const told = loans.slice(0, TOLD_MAX).map(({ by, model }) => `${by} (${model})`);
  return loans.length > TOLD_MAX ? `${told.join(', ')} and ${loans.length - TOLD_MAX} more` : told.join(', ');
}

const TOLD_MAX = 10;

function borrowedIn({ ai = {}, routes }: Design, service: string): string[] {
  const own = entriesOf(memberOf(ai, 'providers')).map(([id, entry]) => String(memberOf(entry, 'id') ?? id ?? entry));
  // A provider of its own by that name is nearer.
  if (own.includes(service)) return [];
  const ofPrompts = entriesOf(memberOf(ai, 'prompts')).map(([, prompt]) => memberOf(prompt, 'model'));
  const ofRoutes = routes.flatMap((route) => memberOf(memberOf(route, 'ai'), 'models') ?? []);
  const names = [...ofPrompts, ...ofRoutes].filter((name) => typeof name === 'string');
  return names.filter((name) => name.startsWith(`${service}/`));
}

/** By their ids, or as a list, as a team has written them. */
function entriesOf(written: unknown): (readonly [string | null, unknown])[] {
  if (Array.isArray(written)) return written.map((entry) => [null, entry] as const);
  return typeof written === 'object' && written !== null ? Object.entries(written) : [];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
