/** What `weir contract` prints for people. Pure. */
import type { ContractChange, Severity } from '../contract/breaking.js';
import type { Contract } from '../contract/contract.js';
import type { ContractFault } from '../contract/contract-faults.js';
import type { DesignSummary } from '../contract/to-design.js';
import { columns, type Paint, printable } from './terminal.js';

/** `FILE:LINE POINTER: message`, and the cure below it. */
export function showFaults(file: string, faults: readonly ContractFault[], paint: Paint): string[] {
  return faults.flatMap(({ severity, line, pointer, message, cure }) => {
    const place = paint.dim(line === null ? file : `${file}:${line}`);
    const at = pointer === '' ? '' : ` ${printable(pointer)}`;
    const text = printable(message);
    const said = severity === 'error' ? paint.red(text) : `${paint.yellow('warning')}: ${text}`;
    return [`${place}${at}: ${said}`, `    ${printable(cure)}`];
  });
}

const OPERATIONS_SHOWN = 50;

export function showContract(
  file: string,
  contract: Contract | null,
  summary: DesignSummary | null,
  faults: readonly ContractFault[],
  paint: Paint,
): string {
  const lines = showFaults(file, faults, paint);
  const errors = faults.filter(({ severity }) => severity === 'error').length;
  if (contract === null || summary === null || errors > 0)
    return `${[...lines, paint.red(`${file}: ${count(errors, 'error')}`)].join('\n')}\n`;
  const rows = summary.operations
    .slice(0, OPERATIONS_SHOWN)
    .map(({ id, method, path, summary: said, isDeprecated }) => [
      method,
      printable(path),
      id,
      isDeprecated ? 'deprecated' : printable(said).slice(0, 60),
    ]);
  const more = summary.operations.length - rows.length;
  const head = `${printable(summary.title)} ${printable(summary.version)} (OpenAPI ${summary.dialect})`;
  const warnings = faults.length === 0 ? '' : `, ${count(faults.length, 'warning')}`;
  const goes = summary.upstream === '' ? 'examples answer, for it names no server' : `to ${summary.upstream}`;
  return `${[
    ...lines,
    ...(lines.length === 0 ? [] : ['']),
    paint.bold(head),
    ...columns(rows).map((row) => `  ${row.trimEnd()}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    paint.green(`${file}: ok: ${count(summary.operations.length, 'operation')}${warnings}; ${goes}`),
  ].join('\n')}\n`;
}

export function showChanges(changes: readonly ContractChange[], paint: Paint): string {
  const painted: Readonly<Record<Severity, (text: string) => string>> = {
    breaking: paint.red,
    risky: paint.yellow,
    fine: paint.green,
  };
  const lines = changes.flatMap(({ severity, where, what, cure }) => {
    const line = `${painted[severity](severity.padEnd(8))}  ${printable(what)}  ${paint.dim(printable(where))}`;
    return cure === '' ? [line] : [line, `          ${printable(cure)}`];
  });
  const of = (severity: Severity): number => changes.filter((change) => change.severity === severity).length;
  const total =
    changes.length === 0
      ? 'nothing differs that callers could see'
      : `${of('breaking')} breaking, ${of('risky')} risky, ${of('fine')} fine`;
  return `${[...lines, paint.bold(total)].join('\n')}\n`;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
