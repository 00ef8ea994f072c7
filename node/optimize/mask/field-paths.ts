/**
 * Which members of a JSON text are meant by a list of paths, as one walks into it: `user.email`, `items.*.card` (any member), `**.phone` (at any depth).
 * Lists are looked through: `items.card` is the `card` of each item. Pure; the work of a step is that of the paths.
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

export class FieldPaths {
  readonly start: Standing;
  readonly #paths: readonly (readonly string[])[];

  constructor(paths: readonly (readonly string[])[]) {
    this.#paths = paths;
    this.start = paths.map((_, path) => [path, 0] as const);
  }

  step(standing: Standing, name: string): Step {
    if (standing.length === 0) return MISSED;
    const next: (readonly [number, number])[] = [];
    const add = (path: number, step: number): void => {
      if (!next.some(([known, at]) => known === path && at === step)) next.push([path, step]);
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
    return { isMeant: false, standing: next };
  }
}
