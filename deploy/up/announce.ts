/** What `weir up` says to the operator: where everything is, and what became of each publication. Pure, text only. */
import type { PublishOutcome } from '@weir/control/api/control-status.js';
import { formatFault } from '@weir/control/cli/check.js';
import { columns, type Paint, printable, showDuration } from '@weir/control/cli/terminal.js';
import type { RevisionHead } from '@weir/control/log/revision.js';
import { type Address, reachableAddress } from '@weir/proto/bus/address.js';
import type { FirstOperator } from './admin-access.js';

/** A snapshot of an earlier run that is served again. */
export interface EarlierSnapshot {
  readonly version: number;
  readonly createdWallMs: number;
}

export interface Places {
  readonly traffic: Address;
  readonly isTls: boolean;
  readonly admin: Address;
  readonly metrics: Address;
  readonly firstOperator: FirstOperator | null;
  readonly configFile: string | null;
  /** What was applied last; null where nothing was. */
  readonly revision: Pick<RevisionHead, 'number' | 'author'> | null;
  /** Without its password; null where none is used. */
  readonly redis: string | null;
}

export function showPlaces(version: string, places: Places, tookMs: number, paint: Paint): string {
  const url = (scheme: string, address: Address, path: string): string =>
    `${scheme}://${reachableAddress(address)}${path}`;
  const rows = columns([
    ['traffic', url(places.isTls ? 'https' : 'http', places.traffic, '')],
    ['admin', url('http', places.admin, '')],
    ...(places.firstOperator === null ? [] : [['sign in', showFirst(places.firstOperator)]]),
    ['metrics', url('http', places.metrics, '/metrics')],
    ['config', showConfig(places)],
    ...(places.redis === null ? [] : [['redis', places.redis]]),
    ['stop', 'Ctrl-C; once more to cut what is still in flight'],
  ]);
  const head = `${paint.bold(`weir ${version}`)} is up after ${showDuration(tookMs)}`;
  return `${head}\n\n${rows.map((row) => `  ${row}`).join('\n')}\n\n`;
}

/** The only time that the password is told. */
export function showFirst({ login, password }: FirstOperator): string {
  return `${login} with password ${password} (shown once; to be changed at the first sign-in)`;
}

function showConfig({ configFile, revision }: Places): string {
  if (configFile !== null) return `${printable(configFile)} (reloaded when it changes, and on SIGHUP)`;
  if (revision === null) return 'built-in welcome page; --config FILE serves yours';
  return `revision ${revision.number} of ${printable(revision.author)}; weir apply -f FILE puts another in force`;
}

const causes = {
  start: 'at the start',
  'file-change': 'the file changed',
  'certificate-change': 'a certificate or key changed',
  signal: 'SIGHUP',
  revision: 'a new revision',
  registry: 'the registry changed',
} as const;

/** Lines about one publication; `file` is how the operator named the config. */
export function showOutcome(outcome: PublishOutcome, version: number | null, file: string, paint: Paint): string {
  const lines = outcome.faults.map((fault) => formatFault(printable(file), fault, paint.isOn));
  const cause = causes[outcome.cause];
  switch (outcome.state) {
    case 'accepted':
      for (const setting of outcome.restartNeeded) {
        lines.push(`${paint.yellow('restart needed')} for ${printable(setting)}; everything else is in force`);
      }
      lines.push(`weir: ${paint.green('config accepted')} (${cause}), snapshot ${version ?? '?'} is in force`);
      break;
    case 'rejected': {
      const errors = outcome.faults.filter((fault) => fault.severity === 'error').length;
      const count = `${errors} ${errors === 1 ? 'error' : 'errors'}`;
      lines.push(
        `weir: ${paint.red('CONFIG REJECTED')} (${cause}): ${count} in ${printable(file)}${stillServing(version)}`,
      );
      break;
    }
    case 'refused':
      lines.push(
        `weir: ${paint.red('CONFIG REFUSED')} by the node (${cause}): ${printable(outcome.reason)}${stillServing(version)}`,
      );
      break;
  }
  return `${lines.join('\n')}\n`;
}

/** Said last at a start whose config was not taken, since everything before it looks like a good start. */
export function showLastGood(lastGood: EarlierSnapshot, file: string, paint: Paint): string {
  const { version, createdWallMs } = lastGood;
  const from = new Date(createdWallMs).toISOString();
  return [
    `weir: ${paint.red(`NOT RUNNING ${printable(file)} AS IT IS NOW`)}; its faults are told above.`,
    `weir: ${paint.red(`RUNNING THE LAST GOOD CONFIG`)}: snapshot ${version}, made ${from} by an earlier run.`,
    'weir: mend the file; it is taken as soon as it is sound.\n',
  ].join('\n');
}

function stillServing(version: number | null): string {
  return version === null ? '' : `; snapshot ${version} stays in force`;
}
