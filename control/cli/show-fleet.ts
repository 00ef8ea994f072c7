/** A cluster as text for people: its bus, its members, and how the latest revision comes to them. Pure. */
import type { BusStatus, ClusterStatus, MemberRow } from '@weir/proto/events/cluster-status.js';
import type { MemberStatus } from '@weir/proto/events/member-status.js';
import type { FleetStatus } from '../api/control-status.js';
import { showProgress } from './show-rollout.js';
import { columns, type Paint, printable, showDuration, showMebibytes } from './terminal.js';

export function showFleetRows({ rollout, compilation }: FleetStatus, paint: Paint): string[][] {
  const rows = [
    [
      'rollout',
      rollout === null ? 'nothing was ever rolled out' : showProgress(rollout, paint).replaceAll('\n', '\n          '),
    ],
  ];
  if (compilation?.state === 'rejected')
    rows.push([
      'rejected',
      paint.red(`revision ${compilation.revision} can't be compiled here: ${faultOf(compilation)}`),
    ]);
  if (compilation?.state === 'waiting')
    rows.push([
      'waits',
      paint.yellow(`revision ${compilation.revision} can't be stored now: ${printable(compilation.waitsFor)}`),
    ]);
  return rows;
}

function faultOf({ faults }: NonNullable<FleetStatus['compilation']>): string {
  const [first] = faults;
  return first === undefined ? 'no reason was told' : printable(first.message);
}

export function showBus({ isConnected, forMs, trouble }: BusStatus, paint: Paint): string {
  if (isConnected) return `bus connected for ${showDuration(forMs)}`;
  return paint.red(`bus away for ${showDuration(forMs)}${trouble === '' ? '' : `: ${printable(trouble)}`}`);
}

/** The others, as this control sees them, with what they have told of themselves where they were asked. */
export function showMembers(
  { cluster, members, bus }: ClusterStatus,
  fleet: FleetStatus | null,
  nowWallMs: number,
  paint: Paint,
): string[] {
  const told = new Map(fleet?.members.map((status) => [status.id, status]) ?? []);
  const more = fleet === null ? [] : ['UP FOR', 'LAG', 'MEMORY', 'TRAFFIC', 'METRICS, ADMIN'];
  const head = ['MEMBER', 'ROLE', 'STANDING', 'FOR', 'SNAPSHOT', 'LOAD', 'PURGES', ...more];
  const rows = members.map((member) => [
    ...showMember(member),
    ...(fleet === null ? [] : showTold(told.get(member.id), nowWallMs)),
  ]);
  const lines = columns([head, ...rows]).map((line, index) => `  ${index === 0 ? paint.dim(line) : line}`.trimEnd());
  const warnings = (fleet?.members ?? []).flatMap(({ id, warnings }) =>
    warnings.map((warning) => `  ${paint.yellow(`${printable(id)}: ${printable(warning)}`)}`),
  );
  return [`${paint.bold(`cluster ${printable(cluster)}`)}, ${showBus(bus, paint)}`, ...lines, ...warnings];
}

function showMember(member: MemberRow): string[] {
  return [
    printable(member.id),
    member.role,
    member.standing,
    showDuration(member.forMs),
    String(member.snapshotVersion),
    `${(member.loadPermille / 10).toFixed(1)} %`,
    String(member.purgeEpoch),
  ];
}

function showTold(status: MemberStatus | undefined, nowWallMs: number): string[] {
  if (status === undefined) return ['no answer', '', '', '', ''];
  const { startedWallMs, loopDelayMs, rssBytes, traffic, metrics } = status;
  const upMs = Math.max(0, nowWallMs - startedWallMs);
  return [showDuration(upMs), `${loopDelayMs} ms`, showMebibytes(rssBytes), printable(traffic), printable(metrics)];
}
