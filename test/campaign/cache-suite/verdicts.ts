/** What the suite's results come to, by its own rules (its lib/display.mjs): what a case is, and what it needs of others. Pure. */

export type Kind = 'required' | 'optional' | 'question';

export interface SuiteCase {
  readonly id: string;
  readonly group: string;
  readonly kind: Kind;
  /** Cases without which this one says nothing. */
  readonly needs: readonly string[];
}

/** As the suite tells it: true, or the kind of failure and what was seen. */
export type SuiteResult = true | readonly [kind: string, message: string];

export interface Verdict extends SuiteCase {
  /** Null: met. */
  readonly missed: string | null;
}

/** Of the cases that were run: those for browsers are not. */
export function verdicts(
  cases: readonly SuiteCase[],
  results: Readonly<Partial<Record<string, SuiteResult>>>,
): readonly Verdict[] {
  const byId = new Map(cases.map((each) => [each.id, each]));
  const missedOf = (id: string, depth = 0): string | null => {
    const result = results[id];
    if (result === undefined) return 'was not run';
    for (const need of byId.get(id)?.needs ?? []) {
      if (depth < NEEDS_MAX && missedOf(need, depth + 1) !== null) return `says nothing without ${need}`;
    }
    return result === true ? null : result.join(': ');
  };
  return cases.filter(({ id }) => results[id] !== undefined).map((each) => ({ ...each, missed: missedOf(each.id) }));
}

/** Cases that need each other would be a fault of the suite. */
const NEEDS_MAX = 10;

/** Met and all, of each kind, by group, and of all groups together. */
export function countsByGroup(judged: readonly Verdict[]): Readonly<Record<string, string>> {
  const groups = [...new Set(judged.map(({ group }) => group))];
  const counted = groups.map((group) => [group, counts(judged.filter((each) => each.group === group))] as const);
  return Object.fromEntries([...counted, ['all', counts(judged)]]);
}

const words: Readonly<Record<Kind, string>> = {
  required: 'required',
  optional: 'optional',
  question: 'yes to questions',
};

function counts(judged: readonly Verdict[]): string {
  const told = (Object.keys(words) as Kind[]).flatMap((kind) => {
    const of = judged.filter((each) => each.kind === kind);
    const met = of.filter(({ missed }) => missed === null).length;
    return of.length === 0 ? [] : [`${words[kind]} ${met} of ${of.length}`];
  });
  return told.join(', ');
}
