/**
 * Which members of a JSON text are meant by a list of paths, as one walks into it: `user.email`, `items.*.card` (any member), `**.phone` (at any depth).
 * Lists are looked through: `items.card` is the `card` of each item. Pure.
 *
 * Paths that begin anywhere stand at many steps at once, and texts have many members, so what a name leads to from one standing is worked out once: all
 * names that no path has lead to the same. What is remembered is bounded; without it a step costs what the paths have steps.
 */

/** Where each path stands: its number, and the step that comes next. */
export type Standing = readonly (readonly [path: number, step: number])[];

export interface Step {
  /** The member itself is meant, with all that is in it. */
  readonly isMeant: boolean;
  readonly standing: Standing;
}

const NOWHERE: Standing = [];
const MISSED: Step = { isMeant: false, standing: NOWHERE };
/** Stands for each name that is in no path; none of a path is empty. */
const ANY_OTHER = '';
/** Places in standings that are remembered, all together: some 4 MiB. */
const REMEMBERED_MAX = 50_000;

export class FieldPaths {
  readonly start: Standing;
  readonly #paths: readonly (readonly string[])[];
  readonly #names: ReadonlySet<string>;
  /** Above all steps that a path has. */
  readonly #stepsMax: number;
  #known = new WeakMap<Standing, Map<string, Step>>();
  #remembered = 0;

  constructor(paths: readonly (readonly string[])[]) {
    this.#paths = paths;
    this.#names = new Set(paths.flat());
    this.#stepsMax = paths.reduce((most, { length }) => Math.max(most, length), 0) + 1;
    this.start = paths.map((_, path) => [path, 0] as const);
  }

  step(standing: Standing, name: string): Step {
    if (standing.length === 0) return MISSED;
    const kind = this.#names.has(name) ? name : ANY_OTHER;
    const before = this.#known.get(standing)?.get(kind);
    if (before !== undefined) return before;
    const step = this.#stepped(standing, name);
    this.#remember(standing, kind, step);
    return step;
  }

  #stepped(standing: Standing, name: string): Step {
    const next: (readonly [number, number])[] = [];
    const known = new Set<number>();
    const add = (path: number, step: number): void => {
      const place = path * this.#stepsMax + step;
      if (known.has(place)) return;
      known.add(place);
      next.push([path, step]);
    };
    for (const [path, step] of standing) {
      const names = this.#paths[path] ?? [];
      const isAnywhere = names[step] === '**';
      if (isAnywhere) add(path, step);
      const at = isAnywhere ? step + 1 : step;
      const wanted = names[at];
      if (wanted !== '*' && wanted !== name) continue;
      if (at + 1 === names.length) return { isMeant: true, standing: NOWHERE };
      add(path, at + 1);
    }
    return { isMeant: false, standing: next.length === 0 ? NOWHERE : next };
  }

  #remember(standing: Standing, kind: string, step: Step): void {
    this.#remembered += step.standing.length + 1;
    if (this.#remembered > REMEMBERED_MAX) {
      this.#known = new WeakMap();
      this.#remembered = 0;
      return;
    }
    const steps = this.#known.get(standing) ?? new Map<string, Step>();
    this.#known.set(standing, steps);
    steps.set(kind, step);
  }
}
