/** What the timeout doctors of several nodes say together. Pure. */
import type { Advice, Measure, Saving } from '@weir/proto/events/advice.js';
import type { DoctorCase, DoctorReport } from '@weir/proto/events/doctor.js';

/** The cases of several nodes, worst first; each node counts for itself. */
export function joined(reports: readonly DoctorReport[]): DoctorReport {
  const worse = (a: DoctorCase, b: DoctorCase): number =>
    Number(a.kind === 'near') - Number(b.kind === 'near') || b.count - a.count;
  return {
    sinceWallMs: Math.min(...reports.map(({ sinceWallMs }) => sinceWallMs)),
    nowWallMs: Math.max(...reports.map(({ nowWallMs }) => nowWallMs)),
    cases: reports.flatMap(({ cases }) => cases).sort(worse),
    forgotten: reports.reduce((sum, { forgotten }) => sum + forgotten, 0),
    advice: joinedAdvice(reports.map(({ advice }) => advice ?? [])),
  };
}

/** What several nodes advise alike is one: what is counted is added up, waits are weighed, and who has seen most says how. */
function joinedAdvice(ofNodes: readonly (readonly Advice[])[]): readonly Advice[] {
  const kinds = new Map<string, Advice>();
  // Each node tells what saves most first, and so does the whole: by turns, in the order of the first that tells it.
  const rounds = Math.max(0, ...ofNodes.map((advice) => advice.length));
  for (let round = 0; round < rounds; round += 1) {
    for (const advice of ofNodes.flatMap((all) => all[round] ?? [])) {
      const key = JSON.stringify([advice.kind, advice.routes, advice.subject]);
      const known = kinds.get(key);
      kinds.set(key, known === undefined ? advice : together(known, advice));
    }
  }
  return [...kinds.values()];
}

function together(one: Advice, other: Advice): Advice {
  const seen = one.seen + other.seen;
  const waited = (a: number, b: number): number => (seen > 0 ? (a * one.seen + b * other.seen) / seen : a);
  const added = (a: number, b: number): number => a + b;
  const of = (name: keyof Saving, join: (a: number, b: number) => number): Measure | null => {
    const [a, b] = [one.saving[name], other.saving[name]];
    if (a === null || b === null) return a ?? b;
    return { before: tenths(join(a.before, b.before)), after: tenths(join(a.after, b.after)) };
  };
  const saving = {
    clientRequests: of('clientRequests', added),
    upstreamRequests: of('upstreamRequests', added),
    bytes: of('bytes', added),
    waitMs: of('waitMs', waited),
  };
  return { ...(one.seen >= other.seen ? one : other), saving, seen };
}

const tenths = (value: number): number => Math.round(value * 10) / 10;
