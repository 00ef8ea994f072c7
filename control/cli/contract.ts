/** `weir contract check|diff|yaml`: what an OpenAPI document holds, what a later one breaks, and which config it would make. Nothing is asked or sent. */
import type { Command } from 'commander';
import type { ContractChange } from '../contract/breaking.js';
import type { Contract } from '../contract/contract.js';
import type { ContractFault } from '../contract/contract-faults.js';
import type { DesignedContract } from '../contract/to-design.js';
import { readContractFile } from './contract-file.js';
import { showChanges, showContract, showFaults } from './show-contract.js';
import { paintFor } from './terminal.js';

const CHECK_HELP = `
Reads OpenAPI 3.0 and 3.1 as JSON or YAML, up to 5 MiB. References stay within the document; nothing is fetched.
Faults are printed as FILE:LINE, with a JSON pointer and what to write instead. Warnings are also about what the
gateway does not hold anybody to.

Exit codes: 0 no error, 1 at least one.

Examples:
  weir contract check petstore.yaml
  weir contract check --json petstore.yaml | jq .summary`;

const DIFF_HELP = `
breaking  a caller that kept to the first document fails by the second
risky     one may, if it relied on what was said of answers
fine      something new, or something that is given up gently

Exit codes: 0 nothing breaks, 1 a document can't be read, 3 something breaks.

Examples:
  weir contract diff shop-1.yaml shop-2.yaml
  weir contract diff --json a.yaml b.yaml | jq '.changes[] | select(.severity == "breaking")'`;

const YAML_HELP = `
Prints a weir.yaml with an upstream, a route for each operation and the contract. Paths are those of the document below
--base; each route says what its upstream is asked for. Without a server in the document, its examples answer.

Exit codes: 0 printed, 1 the document has errors.

Examples:
  weir contract yaml petstore.yaml > weir.yaml && weir check weir.yaml
  weir contract yaml --id shop --base /shop --validate tell shop.json`;

export function registerContract(program: Command): void {
  const contract = program
    .command('contract')
    .summary('look into OpenAPI documents: check, diff, yaml')
    .description(
      'Works with OpenAPI documents of services: what is wrong with one, what a later one breaks, which config it makes.',
    );
  contract
    .command('check')
    .summary('every fault of a document')
    .description('Reads a document as an import would, and reports every fault in it and what it holds.')
    .argument('<file>', 'OpenAPI document (JSON or YAML)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', CHECK_HELP)
    .action(async (file: string, options: { json?: boolean }) => checkFile(file, options.json === true));
  contract
    .command('diff')
    .summary('what a later document breaks')
    .description('Compares two documents for those who call by the first.')
    .argument('<before>', 'the earlier document')
    .argument('<after>', 'the later one')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', DIFF_HELP)
    .action(async (before: string, after: string, options: { json?: boolean }) =>
      diffFiles(before, after, options.json === true),
    );
  contract
    .command('yaml')
    .summary('the config that a document would make')
    .description('Prints the weir.yaml that an import of the document comes to.')
    .argument('<file>', 'OpenAPI document (JSON or YAML)')
    .option('--id <id>', 'id of the contract', 'contract')
    .option('--base <path>', 'path that all of it lies below', '/')
    .option('--validate <how>', 'refuse, tell or off', 'refuse')
    .option('--mock', 'answer with examples, whatever the servers')
    .addHelpText('after', YAML_HELP)
    .action(async (file: string, options: YamlOptions) => printYaml(file, options));
}

interface Loaded {
  readonly contract: Contract | null;
  readonly designed: DesignedContract | null;
  readonly faults: readonly ContractFault[];
}

async function load(file: string): Promise<Loaded> {
  // Loaded here: every other command would start slower by it.
  const { readContract } = await import('../contract/read.js');
  const { designOf } = await import('../contract/to-design.js');
  const { linesOf } = await import('../contract/document-places.js');
  const text = await readContractFile(file);
  if (!text.ok) return { contract: null, designed: null, faults: [text.fault] };
  const { contract, faults } = readContract(text.text);
  const designed = contract === null ? null : designOf(contract);
  const later = designed?.faults ?? [];
  const lines =
    later.length === 0
      ? new Map<string, number>()
      : linesOf(
          text.text,
          later.map(({ pointer }) => pointer),
        );
  const placed = later.map((fault) => ({ ...fault, line: lines.get(fault.pointer) ?? null }));
  return { contract, designed, faults: [...faults, ...placed] };
}

const isSound = ({ faults }: Loaded): boolean => faults.every(({ severity }) => severity !== 'error');

async function checkFile(file: string, isJson: boolean): Promise<void> {
  const loaded = await load(file);
  const { contract, designed, faults } = loaded;
  const summary = designed?.summary ?? null;
  const report = { file, ok: isSound(loaded), summary, faults };
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  process.stdout.write(
    isJson ? `${JSON.stringify(report, null, 2)}\n` : showContract(file, contract, summary, faults, paint),
  );
  if (!report.ok) process.exitCode = 1;
}

async function diffFiles(before: string, after: string, isJson: boolean): Promise<void> {
  const { contractChanges } = await import('../contract/breaking.js');
  const [first, second] = [await load(before), await load(after)];
  if (first.contract === null || second.contract === null) {
    const paint = paintFor(process.stderr.isTTY === true, process.env);
    const broken = [
      ...(first.contract === null ? showFaults(before, errorsOf(first), paint) : []),
      ...(second.contract === null ? showFaults(after, errorsOf(second), paint) : []),
    ];
    process.stderr.write(`${broken.join('\n')}\n`);
    process.exitCode = 1;
    return;
  }
  const changes: readonly ContractChange[] = contractChanges(first.contract, second.contract);
  const breaks = changes.some(({ severity }) => severity === 'breaking');
  const paint = paintFor(process.stdout.isTTY === true, process.env);
  process.stdout.write(
    isJson ? `${JSON.stringify({ before, after, breaks, changes }, null, 2)}\n` : showChanges(changes, paint),
  );
  if (breaks) process.exitCode = 3;
}

const errorsOf = ({ faults }: Loaded): readonly ContractFault[] =>
  faults.filter(({ severity }) => severity === 'error');

interface YamlOptions {
  readonly id: string;
  readonly base: string;
  readonly validate: string;
  readonly mock?: boolean;
}

async function printYaml(file: string, { id, base, validate, mock }: YamlOptions): Promise<void> {
  const { configOf, belowBase } = await import('../contract/config-text.js');
  const loaded = await load(file);
  const refused = whyNot(loaded, { id, base, validate });
  if (refused !== null || loaded.designed === null) {
    const paint = paintFor(process.stderr.isTTY === true, process.env);
    const lines = refused === null || refused === '' ? showFaults(file, errorsOf(loaded), paint) : [refused];
    process.stderr.write(`${lines.join('\n')}\n`);
    process.exitCode = 1;
    return;
  }
  const { design } = loaded.designed;
  const wanted = { ...design, validate: validate as typeof design.validate, mock: mock === true || design.mock }; // One of the three words.
  process.stdout.write(configOf({ ...wanted, routes: belowBase(design.routes, base) }, id));
}

/** Null: it can be printed; empty: the faults say why not. */
function whyNot(loaded: Loaded, { id, base, validate }: Pick<YamlOptions, 'id' | 'base' | 'validate'>): string | null {
  if (!isSound(loaded)) return '';
  if (!['refuse', 'tell', 'off'].includes(validate))
    return `--validate is refuse, tell or off, not ${JSON.stringify(validate)}`;
  if (!/^\/(?:[A-Za-z0-9._~-]+(?:\/[A-Za-z0-9._~-]+)*)?$/.test(base))
    return `--base is a path such as /shop, not ${JSON.stringify(base)}`;
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id) ? null : `--id is a word such as shop, not ${JSON.stringify(id)}`;
}
