/** Where a figure came from: machine, versions, command, date. Every report carries it, as JSON and as Markdown. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

export interface Report {
  readonly title: string;
  /** The command that repeats it. */
  readonly command: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** What a reader must know before reading the table. */
  readonly method: readonly string[];
  readonly table: string;
  /** Everything that was measured, for programs. */
  readonly figures: unknown;
}

const GIB = 1024 ** 3;

export function describeMachine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const memory = `${(totalmem() / GIB).toFixed(0)} GiB`;
  return `${model}, ${availableParallelism()} cores, ${memory}, Linux ${release()}`;
}

/** The first version number that a program tells; programs disagree about the option, the stream and the exit code. */
function versionOf(program: string, option: string): string {
  try {
    const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
    const text = execFileSync('sh', ['-c', `${program} ${option} 2>&1 || true`], {
      encoding: 'utf8',
      env: { PATH: path },
    });
    return /\d+\.\d+(?:\.\d+)?/.exec(text)?.[0] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}

function commitOf(directory: string): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const commit = git('rev-parse', '--short', 'HEAD');
    return git('status', '--porcelain') === '' ? commit : `${commit} with changes`;
  } catch {
    return 'not a clone';
  }
}

export function describeVersions(): Record<string, string> {
  return {
    weir: commitOf(import.meta.dirname),
    node: process.versions.node,
    nginx: versionOf('nginx', '-v'),
    haproxy: versionOf('haproxy', '-v'),
    varnish: versionOf('varnishd', '-V'),
    wrk: versionOf('wrk', '-v'),
  };
}

export function markdownOf(report: Report, date: string): string {
  const versions = Object.entries(report.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  return [
    `# ${report.title}`,
    '',
    `- Date: ${date}`,
    `- Command: \`${report.command}\``,
    `- Machine: ${report.machine}`,
    `- Versions: ${versions}`,
    ...report.method.map((sentence) => `- ${sentence}`),
    '',
    report.table,
    '',
  ].join('\n');
}

/** Writes NAME.json and NAME.md; returns their paths. */
export function saveReport(directory: string, name: string, report: Report): string[] {
  mkdirSync(directory, { recursive: true });
  const date = new Date().toISOString();
  const json = join(directory, `${name}.json`);
  const markdown = join(directory, `${name}.md`);
  const { table: _table, ...rest } = report;
  writeFileSync(json, `${JSON.stringify({ date, ...rest }, null, 1)}\n`);
  writeFileSync(markdown, markdownOf(report, date));
  return [json, markdown];
}
