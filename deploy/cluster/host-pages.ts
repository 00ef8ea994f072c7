/** What a host tells of itself beside its workers: metrics, status, and what of its surroundings is away. Pure. */
import type { BusState } from '@weir/proto/bus/bus.js';
import type { Announcement } from '@weir/proto/events/announcement.js';
import { reportStates, type SnapshotReport } from '@weir/proto/events/snapshot-report.js';
import type { HeldReading } from './held-secrets.js';
import { type Hearing, hearings } from './open-announced.js';

export interface HostReading {
  readonly cluster: string;
  readonly id: string;
  readonly bus: BusState;
  readonly nowMs: number;
  readonly inForce: Announcement | null;
  readonly report: SnapshotReport | null;
  readonly counts: Readonly<Record<Hearing, number>>;
  readonly fetches: Readonly<Record<'whole' | 'delta', number>>;
  readonly secrets: HeldReading;
  /** What is in force lies on disk, for a start without anybody. */
  readonly isKept: boolean;
}

/** In Prometheus' text format; `docs/cluster.md` lists them. */
export function hostSeries({ bus, inForce, report, counts, fetches, secrets, isKept }: HostReading): string {
  return [
    ...gauge('weir_host_bus_connected', '1 while this host hears what control announces; traffic does not need it.', [
      ['', bus.isConnected ? 1 : 0],
    ]),
    ...gauge('weir_host_snapshot_version', 'Version that all workers of this host run, 0 before the first.', [
      ['', inForce?.version ?? 0],
    ]),
    ...gauge('weir_host_snapshot_serial', 'Number of the announcement that this host follows.', [
      ['', inForce?.serial ?? 0],
    ]),
    ...gauge(
      'weir_host_snapshot_state',
      '1 for what became of the latest announcement.',
      reportStates.map((state) => [`{state="${state}"}`, report?.state === state ? 1 : 0] as const),
    ),
    ...gauge('weir_host_snapshot_kept', '0 while the latest snapshot could not be written to the data folder.', [
      ['', isKept ? 1 : 0],
    ]),
    ...gauge('weir_host_secrets', 'Secrets of teams that workers are given.', [['', secrets.held]]),
    ...gauge('weir_host_secrets_outdated', 'Of those, or missing: no control has told them anew since a change.', [
      ['', secrets.outdated],
    ]),
    '# HELP weir_host_announcements_total Announcements that were heard, by what became of them.',
    '# TYPE weir_host_announcements_total counter',
    ...hearings.map((hearing) => `weir_host_announcements_total{result="${hearing}"} ${counts[hearing]}`),
    '# HELP weir_host_snapshot_fetches_total Snapshots that were fetched: whole, or as what makes them of the one in force.',
    '# TYPE weir_host_snapshot_fetches_total counter',
    `weir_host_snapshot_fetches_total{as="whole"} ${fetches.whole}`,
    `weir_host_snapshot_fetches_total{as="delta"} ${fetches.delta}`,
    '',
  ].join('\n');
}

function gauge(name: string, help: string, series: readonly (readonly [string, number])[]): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...series.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
}

/** Said on a page that anybody may read, so without addresses, which `/status` has; empty where all is well. */
export function degradedText({ bus, inForce, report, counts, secrets, isKept }: HostReading): string {
  if (!bus.isConnected && inForce === null) return 'NATS is away, or refuses this node; /status has the reason';
  if (!bus.isConnected) return 'NATS is away, so what control announces is not heard; what is in force runs on';
  if (report === null && inForce === null) return whyNothingCame(bus, counts);
  if (!isKept) return 'the snapshot could not be kept in --data, so a start without NATS would run an older one';
  if (report === null || report.state === 'applied')
    return secrets.outdated === 0 ? '' : 'secrets of teams are those of before a change; no control tells them anew';
  return `snapshot ${report.version} is ${report.state === 'refused' ? 'refused here' : 'waited for'}`;
}

/** Nothing that was announced could be followed. */
function whyNothingCame({ trouble }: BusState, counts: HostReading['counts']): string {
  if (trouble !== '') return 'NATS does not let this node hear all that it has to; /status has the reason';
  const isForeign = counts['unknown-key'] + counts.forged > 0;
  return isForeign ? 'what is announced is signed with a key that --trust does not name' : 'control has announced none';
}

export function hostStatus({ cluster, id, bus, nowMs, inForce, report, counts, secrets, isKept }: HostReading): object {
  const { isConnected, sinceMs, trouble } = bus;
  return {
    ...{ cluster, id, bus: { isConnected, forMs: Math.round(nowMs - sinceMs), trouble } },
    ...{ inForce, report, announcements: counts, secrets, isKept },
  };
}
