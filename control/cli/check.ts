/** `weir check FILE`: every fault of a config, with its place and its cure, before anything runs with it. */

import type { Fault } from '@weir/proto/config/faults.js';
import type { Command } from 'commander';

const HELP = `
Every fault is printed as FILE:LINE:COLUMN, with what to write instead. References such as \${NAME} are checked
against the environment of this command, and the certificates and keys that the config names are read. The exit code is 1 when there is an error; warnings alone leave it 0.
What only \`weir up --redis URL\` can give, such as gateway.cache.redis, is named in the last line.

Examples:
  $ weir check weir.yaml
  weir.yaml:6:24 upstreams[0].timeouts.connect: the duration "500" has no unit
      write a number and a unit, such as 250ms, 2s, 1m or 1h

  $ API_KEY=x weir check --json weir.yaml | jq .faults
`;

export function registerCheck(program: Command): void {
  program
    .command('check')
    .summary('find every fault in a config file')
    .description('Reads a config file as `weir up --config` would, and reports every fault in it, not just the first.')
    .argument('<file>', 'config file (YAML)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (file: string, options: { json?: boolean }) => {
      const report = await check(file);
      const colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
      process.stdout.write(
        options.json === true ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report, colour),
      );
      if (!report.ok) process.exitCode = 1;
    });
}

export interface CheckReport {
  readonly file: string;
  readonly ok: boolean;
  /** Errors and warnings in the order of the file. */
  readonly faults: readonly Fault[];
  /** One line for people. */
  readonly summary: string;
}

async function check(file: string): Promise<CheckReport> {
  // Loaded here: with the schema of the whole config every other command would start three times slower.
  const { checkWithFiles, readConfigFile } = await import('../publish/load-config.js');
  const { asksForRedis } = await import('../publish/lint-cache.js');
  const text = await readConfigFile(file);
  if (typeof text !== 'string') return { file, ok: false, faults: [text], summary: summarise([text]) };
  const checked = await checkWithFiles(text, process.env, Date.now());
  if (!checked.ok) return { file, ok: false, faults: checked.faults, summary: summarise(checked.faults) };
  const { upstreams, routes, ai } = checked.config;
  const models = ai === undefined ? [] : [count(ai.providers.length, 'provider'), count(ai.models.length, 'model')];
  const size = [count(upstreams.length, 'upstream'), ...models, count(routes.length, 'route')].join(', ');
  const warned = checked.warnings.length === 0 ? '' : `, ${count(checked.warnings.length, 'warning')}`;
  // A file does not say how it will be started.
  const needs = asksForRedis(checked.config) ? '; gateway.cache.redis needs `weir up --redis URL`' : '';
  return { file, ok: true, faults: checked.warnings, summary: `ok: ${size}${warned}${needs}` };
}

function summarise(faults: readonly Fault[]): string {
  const errors = faults.filter(({ severity }) => severity === 'error').length;
  const warnings = faults.length - errors;
  return `${count(errors, 'error')}${warnings === 0 ? '' : `, ${count(warnings, 'warning')}`}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

const PAINT = { error: 31, warning: 33, ok: 32, dim: 2 } as const;

export function formatReport(report: CheckReport, colour: boolean): string {
  const summary = `${report.file}: ${report.summary}`;
  return [
    ...report.faults.map((fault) => formatFault(report.file, fault, colour)),
    paintIf(colour)(report.ok ? PAINT.ok : PAINT.error, summary),
    '',
  ].join('\n');
}

function paintIf(colour: boolean): (code: number, text: string) => string {
  return (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
}

/** `file:line:col path: message`, and the cure below it, indented. Editors and terminals make the first part a link. */
export function formatFault(file: string, fault: Fault, colour: boolean): string {
  const paint = paintIf(colour);
  const at = paint(PAINT.dim, `${file}:${fault.line}:${fault.column}`);
  const path = fault.path === '' ? '' : ` ${printable(fault.path)}`;
  const kind = fault.severity === 'warning' ? ' warning' : '';
  const message = paint(PAINT[fault.severity], `${printable(fault.message)}`);
  const cure = fault.cure === null ? [] : fault.cure.split('\n').map((line) => `    ${printable(line)}`);
  return [`${at}${kind}${path}: ${message}`, ...cure].join('\n');
}

/** A config may hold escape sequences; a terminal must not obey them. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '�');
}
