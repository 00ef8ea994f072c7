/** Asks the nodes' timeout doctors, all at the same time, and joins what they say. Bounded in time by `askJson`, and in nodes. */
import type { DoctorReport } from '@weir/proto/events/doctor.js';
import { askJson, baseOf } from '../../cli/ask.js';
import { joined } from '../../insight/doctor-reports.js';
import type { ControlStatus } from '../control-status.js';

/** Beyond it a report would be of a part only; the metrics of each node say more. */
const NODES_MAX = 64;

/** Null: none answers. */
export async function doctorReport({ nodes, fleet }: ControlStatus): Promise<DoctorReport | null> {
  const own = nodes.flatMap(({ metrics }) => metrics ?? []);
  const members = (fleet?.members ?? []).filter(({ role }) => role === 'node').map(({ metrics }) => metrics);
  const addresses = [...own, ...members].filter((address) => address !== '').slice(0, NODES_MAX);
  const asked = await Promise.all(addresses.map((node) => askJson<DoctorReport>('/doctor', baseOf(node), 'cases')));
  const reports = asked.flatMap((answer) => (answer.kind === 'answer' ? [answer.told] : []));
  return reports.length === 0 ? null : joined(reports);
}
