/**
 * Who would lose a model where a service is served no longer, or without it: prompts and routes of other services of its team, which name it as
 * `SERVICE/MODEL` (publish/managed/compose-ai.ts has what such a name means). Pure.
 */
import { type ModelState, type Refusal, refuse } from './decision.js';
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

/**
 * Where the service comes to serve `first` before its other releases, whose models are the ones that it lends: what others ask and would not find
 * any more. Null: nothing. What they did not find before is no loss.
 */
export function refusalOfLoss(state: ModelState, service: Service, first: Design | undefined): Refusal | null {
  const [present] = service.live;
  if (present === undefined || first === undefined) return null;
  const lost = new Set(offeredIn(service.id, state.get('release', `${service.id}@${present.release}`)?.design));
  for (const model of offeredIn(service.id, first)) lost.delete(model);
  if (lost.size === 0) return null;
  const loans = loansOf(state, service).filter(({ model }) => lost.has(model));
  return loans.length === 0
    ? null
    : refuse(
        'conflict',
        `other services of team ${service.teamId} ask models that would be served no longer: ${tellLoans(loans)}: give them other models first, or do it with \`force\` (\`--force\` of the command)`,
      );
}

function offeredIn(service: string, design: Design | undefined): string[] {
  return idsIn(memberOf(design?.ai, 'models')).map((id) => `${service}/${id}`);
}

/** `translate (assistant/smart), sum (assistant/smart)`; the first of them. */
export function tellLoans(loans: readonly Loan[]): string {
  const told = loans.slice(0, TOLD_MAX).map(({ by, model }) => `${by} (${model})`);
  return loans.length > TOLD_MAX ? `${told.join(', ')} and ${loans.length - TOLD_MAX} more` : told.join(', ');
}

const TOLD_MAX = 10;

function borrowedIn({ ai = {}, routes }: Design, service: string): string[] {
  // A provider of its own by that name is nearer.
  if (idsIn(memberOf(ai, 'providers')).includes(service)) return [];
  const ofPrompts = entriesOf(memberOf(ai, 'prompts')).map(([, prompt]) => memberOf(prompt, 'model'));
  const ofRoutes = routes.flatMap((route) => memberOf(memberOf(route, 'ai'), 'models') ?? []);
  const names = [...ofPrompts, ...ofRoutes].filter((name) => typeof name === 'string');
  return names.filter((name) => name.startsWith(`${service}/`));
}

function idsIn(written: unknown): string[] {
  return entriesOf(written).map(([id, entry]) => String(memberOf(entry, 'id') ?? id ?? entry));
}

/** By their ids, or as a list, as a team has written them. */
function entriesOf(written: unknown): (readonly [string | null, unknown])[] {
  if (Array.isArray(written)) return written.map((entry) => [null, entry] as const);
  return typeof written === 'object' && written !== null ? Object.entries(written) : [];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
