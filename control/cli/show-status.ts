/** `/status` as a table for people. Pure: the same status at the same moment gives the same text. */
import type { Fault } from '@weir/proto/config/faults.js';
import type { Standing } from '@weir/proto/events/health.js';
import type { NodeStatus } from '@weir/proto/events/node-status.js';
import type { ControlStatus, PublishOutcome, SupervisedNode } from '../api/control-status.js';
import { showBus, showFleetRows, showMembers } from './show-fleet.js';
import { columns, type Paint, printable, showDuration, showMebibytes } from './terminal.js';

export function showStatus(status: ControlStatus, nowWallMs: number, paint: Paint): string {
  const ago = (wallMs: number): string => `${showDuration(Math.max(0, nowWallMs - wallMs))} ago`;
  const lines = [
    `${paint.bold(`weir ${printable(status.version)}`)}, up for ${showDuration(status.uptimeMs)}, process ${status.pid}`,
    '',
    ...columns([
      ['config', showConfig(status, ago)],
      ...(status.fleet === undefined
        ? [['publish', showPublish(status.publish, ago, paint)]]
        : showFleetRows(status.fleet, paint)),
      ['snapshot', status.snapshot === null ? 'none' : showSnapshot(status.snapshot, ago)],
      ...(status.troubles ?? []).map((trouble) => ['trouble', paint.red(printable(trouble))]),
    ]),
  ];
  if (status.publish !== null) lines.push(...showPublishDetails(status.publish, paint));
  status.nodes.forEach((node, index) => {
    lines.push('', ...showNode(node, index + 1, ago, paint));
  });
  // One of an earlier release tells of none.
  if (status.cluster) lines.push('', ...showMembers(status.cluster, status.fleet ?? null, nowWallMs, paint));
  return `${lines.join('\n')}\n`;
}

type Ago = (wallMs: number) => string;

function showConfig({ configFile, revision = null }: ControlStatus, ago: Ago): string {
  const recorded = revision === null ? '' : `revision ${revision.number}, ${ago(revision.atWallMs)}`;
  if (configFile !== null) return `${printable(configFile)}${recorded === '' ? '' : ` (${recorded})`}`;
  return revision === null ? 'built-in welcome page' : `${recorded}, by ${printable(revision.author)}`;
}

function showSnapshot(snapshot: NonNullable<ControlStatus['snapshot']>, ago: Ago): string {
  const { version, hash, acceptedWallMs, registry } = snapshot;
  const of = registry === undefined ? '' : `, registry up to entry ${registry}`;
  return `${version} (${printable(hash).slice(0, 12)}), accepted ${ago(acceptedWallMs)}${of}`;
}

const causes = {
  start: 'at the start',
  'file-change': 'after the file changed',
  'certificate-change': 'after a certificate or key changed',
  registry: 'after a change in the registry',
  signal: 'on SIGHUP',
  revision: 'as a new revision',
} as const;

function showPublish(publish: PublishOutcome | null, ago: Ago, paint: Paint): string {
  if (publish === null) return 'nothing published yet';
  const when = `at ${new Date(publish.atWallMs).toISOString()}, ${ago(publish.atWallMs)}, ${causes[publish.cause]}`;
  switch (publish.state) {
    case 'accepted':
      return `${paint.green('config: accepted')} ${when}`;
    case 'rejected':
      return `${paint.red('config: rejected')} ${when}; the last good one runs on`;
    case 'refused':
      return `${paint.red('config: refused by the node')} ${when}: ${printable(publish.reason)}; the last good one runs on`;
  }
}

function showPublishDetails(publish: PublishOutcome, paint: Paint): string[] {
  const lines = publish.faults.map((fault) => `  ${showFault(fault, paint)}`);
  for (const setting of publish.restartNeeded)
    lines.push(`  ${paint.yellow('restart needed')} for ${printable(setting)}`);
  return lines;
}

export function showFault(fault: Fault, paint: Paint): string {
  const severity = fault.severity === 'error' ? paint.red('error') : paint.yellow('warning');
  const path = fault.path === '' ? '' : `${printable(fault.path)}: `;
  const cure = fault.cure === null ? '' : ` (${printable(fault.cure)})`;
  return `line ${fault.line}:${fault.column} ${severity} ${path}${printable(fault.message)}${cure}`;
}

function showNode(node: SupervisedNode, number: number, ago: Ago, paint: Paint): string[] {
  const state = node.state === 'running' ? paint.green(node.status?.state ?? node.state) : paint.yellow(node.state);
  const rows: string[][] = [['state', `${state}${node.pid === null ? '' : `, process ${node.pid}`}`]];
  if (node.trouble !== null) rows.push(['trouble', paint.red(printable(node.trouble))]);
  if (node.restarts > 0) {
    const last = node.lastExit === null ? '' : `; ${printable(node.lastExit.reason)}, ${ago(node.lastExit.atWallMs)}`;
    rows.push(['restarts', `${node.restarts}${last}`]);
  }
  const { status } = node;
  if (status !== null) {
    const { listening, snapshot } = status;
    if (listening !== null)
      rows.push(['traffic', `${listening.tls ? 'https' : 'http'}://${showHost(listening.host)}:${listening.port}`]);
    if (snapshot !== null)
      rows.push(['snapshot', `${snapshot.version}, ${snapshot.routes} routes, ${snapshot.upstreams} upstreams`]);
    rows.push([
      'load',
      `${status.exchanges} exchanges, ${status.connections} connections, ${status.armedTimers} timers`,
    ]);
    if (status.jobs.running > 0 || status.jobs.stored > 0 || !status.jobs.isReachable)
      rows.push(['jobs', showJobs(status.jobs)]);
    if (status.cluster) rows.push(['cluster', showCluster(status.cluster, paint)]);
    rows.push(['memory', showMebibytes(status.rssBytes)]);
    for (const warning of status.warnings) rows.push(['warning', paint.yellow(printable(warning))]);
  }
  if (node.metrics !== null) rows.push(['metrics', printable(node.metrics)]);
  const lines = [paint.bold(`node ${number}`), ...columns(rows).map((line) => `  ${line}`)];
  if (status !== null && status.targets.length > 0) lines.push('', ...showTargets(status, paint));
  if (status !== null) lines.push(...showHealth(status, ago, paint));
  return lines;
}

function showCluster({ id, bus, standings }: NonNullable<NodeStatus['cluster']>, paint: Paint): string {
  const seen = standings.alive === 1 ? 'one other member' : `${standings.alive} other members`;
  const lost = standings.suspect + standings.dead;
  const others = `sees ${seen}${lost === 0 ? '' : paint.yellow(`, has lost ${lost}`)}`;
  return `${printable(id)}, ${others}, ${showBus(bus, paint)}`;
}

function showJobs({ store, isReachable, running, stored, storedBytes }: NodeStatus['jobs']): string {
  const where = store === 'memory' ? `memory (${showMebibytes(storedBytes)})` : store;
  return `${running} running, ${stored} kept in ${where}${isReachable ? '' : ', which does not answer'}`;
}

function showTargets({ targets, targetCounts }: NodeStatus, paint: Paint): string[] {
  const head = ['UPSTREAM', 'TARGET', 'STANDING', 'OPEN', 'IDLE', 'WAITING', 'IN FLIGHT'];
  const rows = targets.map((target) => [
    printable(target.upstream),
    printable(target.target),
    // Without colour: its codes would count as width.
    target.standing,
    ...[target.open, target.idle, target.waiting, target.inFlight].map(String),
  ]);
  const all = targetCounts?.all ?? targets.length;
  const untold =
    all > targets.length ? [`  ${paint.dim(`and ${all - targets.length} more; the metrics have all`)}`] : [];
  return [...columns([head, ...rows]).map((line, index) => `  ${index === 0 ? paint.dim(line) : line}`), ...untold];
}

function showStanding(standing: Standing, paint: Paint): string {
  if (standing === 'well') return paint.green(standing);
  return standing === 'out' ? paint.red(standing) : paint.yellow(standing);
}

/** Why what is not well is not, and what has changed of late. */
function showHealth({ targets, upstreams, healthChanges, peerOpinions }: NodeStatus, ago: Ago, paint: Paint): string[] {
  const lines: string[] = [];
  const nameOf = (upstream: string, target: string | null): string =>
    printable(target === null ? `${upstream} as a whole` : `${upstream} ${target}`);
  const ill = [...upstreams.map((upstream) => ({ ...upstream, target: null })), ...targets];
  const reasons = ill
    .filter(({ standing }) => standing !== 'well')
    .map(({ upstream, target, standing, reason }) => [
      nameOf(upstream, target),
      showStanding(standing, paint),
      printable(reason),
    ]);
  if (reasons.length > 0) lines.push('', ...columns(reasons).map((line) => `  ${line}`));
  // The newest first: it is what the reader came for.
  const changes = healthChanges
    .map(({ upstream, target, from, to, reason, atWallMs }) => [
      ago(atWallMs),
      nameOf(upstream, target),
      `${from} → ${showStanding(to, paint)}`,
      printable(reason),
    ])
    .reverse();
  if (changes.length > 0)
    lines.push('', paint.dim('  changes of health'), ...columns(changes).map((line) => `  ${line}`));
  const opinions = peerOpinions.map(({ peer, upstream, target, reason, evidence, heardWallMs, weight, isRefuted }) => [
    ago(heardWallMs),
    printable(peer),
    nameOf(upstream, target),
    isRefuted ? 'not so from here' : `weighs ${weight.toFixed(2)}`,
    printable(`${reason}${showEvidence(evidence)}`),
  ]);
  if (opinions.length > 0)
    lines.push('', paint.dim('  called out by other nodes'), ...columns(opinions).map((line) => `  ${line}`));
  return lines;
}

function showEvidence(evidence: Readonly<Record<string, number>>): string {
  const numbers = Object.entries(evidence).map(([name, value]) => `${name} ${Math.round(value * 100) / 100}`);
  return numbers.length === 0 ? '' : ` (${numbers.join(', ')})`;
}

function showHost(host: string): string {
  return host.includes(':') ? `[${host}]` : printable(host);
}
