/**
 * What went wrong with a request, in words for people: the problem document that control answers with (RFC 9457), or what
 * stands in its place where no answer came. Pure.
 */

/** Where in what was sent, what is wrong there, and what to do. */
export interface Fault {
  readonly path: string;
  readonly message: string;
  readonly cure: string;
}

export interface Problem {
  /** 0: no answer came. */
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly faults: readonly Fault[];
}

export class ApiProblem extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.problem = problem;
  }
}

/** `body`: what was answered, as JSON where it was. */
export function problemOf(status: number, body: unknown): Problem {
  const { title, detail, faults } = fieldsOf(body);
  return {
    status,
    title: typeof title === 'string' && title !== '' ? title : `Answer ${status}`,
    detail:
      typeof detail === 'string' && detail !== '' ? detail : (details[status] ?? 'Control said no more about it.'),
    faults: Array.isArray(faults) ? faults.map(faultOf) : [],
  };
}

export const unreachable: Problem = {
  status: 0,
  title: 'Control does not answer',
  detail: 'The request did not reach it, or its answer did not come back.',
  faults: [],
};

/** What whoever reads the problem can do; empty where the detail says it all. */
export function cureOf({ status }: Problem): string {
  return cures[status] ?? '';
}

/** Of any error that a query or a form may end with. */
export function problemIn(error: unknown): Problem {
  if (error instanceof ApiProblem) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { status: 0, title: 'The console failed', detail, faults: [] };
}

/** The route does not exist here: an earlier release, or a control that does not offer it. */
export function isNotOffered(error: unknown): boolean {
  return error instanceof ApiProblem && error.problem.status === 404 && /not part of this API/.test(error.message);
}

/** The route is there, and what it is asked for is not. */
export function isAbsent(error: unknown): boolean {
  return error instanceof ApiProblem && error.problem.status === 404 && !isNotOffered(error);
}

const details: Readonly<Record<number, string>> = {
  401: 'You are not signed in, or your session has ended.',
  403: 'Your role does not allow it.',
  404: 'There is no such thing, or none that you may see.',
  429: 'There were too many requests.',
};

const cures: Readonly<Record<number, string>> = {
  0: 'See that weir still runs (weir status), and that this machine reaches it; then try again.',
  401: 'Sign in again.',
  403: 'Ask an owner of the team, or an operator.',
  409: 'Look at what is there now, and decide anew.',
  412: 'Somebody has changed it since you opened it. Load it again; what you wrote stays in this form until you do.',
  429: 'Wait a moment, then try again.',
  503: 'Try again in a moment; Overview tells what is away.',
  504: 'Look whether it was done before you try again; trying again is safe.',
};

function faultOf(value: unknown): Fault {
  const { path, where, message, cure, line } = fieldsOf(value);
  const place = Array.isArray(path) ? path.join('.') : text(path) || text(where);
  return {
    path: typeof line === 'number' ? `line ${line}${place === '' ? '' : `, ${place}`}` : place,
    message: text(message) || text(value),
    cure: text(cure),
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  // Whatever JSON has read as an object has texts as its keys.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
