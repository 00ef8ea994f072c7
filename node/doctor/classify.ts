/** Files a record under one cause. Pure: the same record gets the same verdict. */
import type { TimeoutRecord, Verdict } from '@weir/proto/events/doctor.js';
import { factsOf } from './facts.js';
import { rules } from './rules.js';

/** Also says whether the case is about the record's target alone. */
export interface Filed {
  readonly verdict: Verdict;
  readonly isAboutTarget: boolean;
}

export function classify(record: TimeoutRecord): Filed {
  const facts = factsOf(record);
  const rule = rules.find(({ holds }) => holds(facts));
  if (rule === undefined) throw new Error('the last rule of the table does not always hold');
  const { cause, name } = rule;
  const certainty = rule.isGuess?.(facts) === true ? 'guess' : rule.certainty;
  // A limit may stand at its bound already; what would stay as it is is no change.
  const changes = rule.changes(facts).filter((change) => change.kind === 'advice' || change.from !== change.to);
  return {
    verdict: { cause, rule: name, certainty, evidence: rule.evidence(facts), changes },
    isAboutTarget: rule.isAboutTarget === true,
  };
}
