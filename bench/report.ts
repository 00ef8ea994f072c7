/** Where a figure came from: machine, versions, command, date. Every report carries it, as JSON and as Markdown. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { say } from './say.js';

/** Where a report goes, and the command that repeats it. */
export interface ReportPlace {
  readonly reportsDirectory: string;
  readonly reportName: string;
  readonly commandLine: string;
}

/** What a benchmark has to say; where it was measured is added. */
export interface Findings {
  readonly title: string;
  /** What a reader must know before reading the table. */
  readonly method: readonly string[];
  readonly table: string;
  /** Everything that was measured, for programs. */
  readonly figures: unknown;
  /** Left out: of Weir, Node.js and the servers that it is compared with. */
  readonly versions?: Readonly<Record<string, string>>;
}

interface Report extends Findings {
  readonly command: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
}

const GIB = 1024 ** 3;

function describeMachine(): string {
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

/** Of what is measured without any server beside it. */
export const ownVersions = (): Record<string, string> => ({
  weir: commitOf(import.meta.dirname),
  node: process.versions.node,
});

export function describeVersions(): Record<string, string> {
  return {
    ...ownVersions(),
    nginx: versionOf('nginx', '-v'),
    haproxy: versionOf('haproxy', '-v'),
    varnish: versionOf('varnishd', '-V'),
    wrk: versionOf('wrk', '-v'),
  };
}

function markdownOf(report: Report, date: string): string {
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

/** Prints it, and writes NAME.json and NAME.md. `printed`: in place of the table alone. */
export function publish(place: ReportPlace, findings: Findings, printed: string = findings.table): void {
  process.stdout.write(`\n${printed}\n\n`);
  const { reportsDirectory, reportName, commandLine } = place;
  const { title, versions = describeVersions(), table, ...more } = findings;
  const report = { title, command: commandLine, machine: describeMachine(), versions, ...more };
  mkdirSync(reportsDirectory, { recursive: true });
  const date = new Date().toISOString();
  const json = join(reportsDirectory, `${reportName}.json`);
  const markdown = join(reportsDirectory, `${reportName}.md`);
  writeFileSync(json, `${JSON.stringify({ date, ...report }, null, 1)}\n`);
  writeFileSync(markdown, markdownOf({ ...report, table }, date));
  say(`saved ${json} and ${markdown}`);
}
