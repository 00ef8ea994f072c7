/**
 * What each row of the table of commands states, and how a command is decided by it: input read by its schema, then who may, then
 * whether its author has seen the present version, then the decision itself. There is no way around any of these.
 */
import { shownPath } from '@weir/proto/config/faults.js';
import { explainIssues } from '@weir/proto/config/issues.js';
import type * as z from 'zod';
import {
  type Decision,
  type DecisionContext,
  type InputFault,
  type ModelState,
  type Outcome,
  refuse,
} from './decision.js';
import type { EntityKind } from './entities.js';
import { type CommandNeeds, refusalOf, standingOf } from './permissions.js';

export interface Target {
  /** `registry`: all of it, which has no version. */
  readonly kind: EntityKind | 'registry';
  readonly id: string;
}

export interface RowParts<S extends z.ZodType> {
  readonly needs: CommandNeeds<z.output<S>>;
  readonly input: S;
  /** What it is on: whose version If-Match names, and what the audit says. Of what is drawn, its id to be. */
  readonly on: (input: z.output<S>, context: DecisionContext) => Target;
  /** Whoever has to change the password may do this before. */
  readonly isBeforePassword?: boolean;
  readonly decide: (state: ModelState, input: z.output<S>, context: DecisionContext) => Outcome;
}

export interface CommandRow {
  readonly input: z.ZodType;
  /** For documents and tests: `operator`, `team`, `self`, … */
  readonly needs: 'prover' | 'signed-in' | 'operator' | 'team' | 'self';
  decide(state: ModelState, input: unknown, expected: number | undefined, context: DecisionContext): Decision;
}

export function row<S extends z.ZodType>(parts: RowParts<S>): CommandRow {
  const { needs, input: schema } = parts;
  return {
    input: schema,
    needs: typeof needs === 'string' ? needs : 'self' in needs ? 'self' : 'team',
    decide(state, written, expected, context) {
      const parsed = schema.safeParse(written);
      if (!parsed.success) return unreadable(schema, written, parsed.error);
      const input = parsed.data;
      const target = parts.on(input, context);
      const refusal = refusalOf(state, context.actor, needs, input, target) ?? passwordFirst(parts, state, context);
      if (refusal !== null) return refusal;
      const present = target.kind === 'registry' ? 0 : (state.get(target.kind, target.id)?.version ?? 0);
      if (expected !== undefined && present !== expected) {
        const now = present === 0 ? 'is not there' : `is at version ${present}`;
        return refuse('outdated', `${target.kind} ${target.id} ${now}, and not at ${expected}; read it again`);
      }
      const outcome = parts.decide(state, input, context);
      if (!outcome.ok) return outcome;
      const { changes, warnings = [] } = outcome;
      return { ok: true, on: `${target.kind} ${target.id}`.trim(), changes, warnings };
    },
  };
}

function passwordFirst<S extends z.ZodType>(
  { needs, isBeforePassword = false }: RowParts<S>,
  state: ModelState,
  { actor }: DecisionContext,
): Decision | null {
  if (isBeforePassword || needs === 'prover') return null;
  const { user } = standingOf(state, actor);
  return user?.mustChangePassword === true ? refuse('forbidden', 'change the password first') : null;
}

const FAULTS_MAX = 50;

function unreadable(schema: z.ZodType, written: unknown, error: z.ZodError): Decision {
  const faults = explainIssues(schema, written, error.issues)
    .slice(0, FAULTS_MAX)
    .map(
      ({ path, message, cure }): InputFault => ({
        path: shownPath(path),
        message,
        cure: cure ?? 'write what is described',
      }),
    );
  const [first] = faults;
  const detail = first === undefined ? 'the input has no meaning' : `${first.path}: ${first.message}`;
  return { ok: false, why: 'invalid', detail, faults };
}
