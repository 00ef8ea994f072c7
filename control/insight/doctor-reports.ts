/** What the timeout doctors of several nodes say together. Pure. */
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
  };
}
