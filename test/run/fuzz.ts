/** `weir fuzz`: hostile input by the seed, bounded, for one parser or all. A failed case prints what replays it. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { fuzzAnswerDifferential } from '../fuzz/answer-differential.js';
import { fuzzConfig } from '../fuzz/config.js';
import { fuzzListener } from '../fuzz/listener.js';
import { fuzzResponse } from '../fuzz/response.js';

interface FuzzReport {
  readonly cases: number;
  readonly failures: readonly string[];
}

type Fuzz = (seed: number, cases: number) => FuzzReport | Promise<FuzzReport>;

const targets: Readonly<Record<string, { readonly fuzz: Fuzz; readonly cases: number; readonly what: string }>> = {
  listener: { fuzz: fuzzListener, cases: 2_000, what: 'requests over real sockets, bytes changed and cut' },
  config: { fuzz: fuzzConfig, cases: 5_000, what: 'config texts, broken at random' },
  response: { fuzz: fuzzResponse, cases: 1_000, what: "upstreams' answers, broken at random" },
  answer: { fuzz: fuzzAnswerDifferential, cases: 100_000, what: 'the same beside llhttp, which may not be stricter' },
};

const USAGE = `Usage: weir fuzz [--target ${Object.keys(targets).join('|')}] [--seed N] [--cases N]

Targets (all of them when none is named), with the number of cases each runs by default:
${Object.entries(targets)
  .map(([name, { cases, what }]) => `  ${name.padEnd(10)}${String(cases).padStart(6)}  ${what}`)
  .join('\n')}

The same seed and number of cases run the same cases. Without a seed one is drawn, and printed.
The exit code is 0 when no case failed, 1 when one did, 2 for a mistake in these options.
`;

class UsageError extends Error {}

function readOptions(args: string[]): { names: string[]; seed: number; cases: number | null } | null {
  const options = {
    target: { type: 'string' },
    seed: { type: 'string' },
    cases: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = parse(() => parseArgs({ args, options }));
  if (values.help === true) return null;
  const { target } = values;
  if (target !== undefined && !Object.hasOwn(targets, target)) {
    throw new UsageError(`--target knows ${Object.keys(targets).join(', ')}, not ${target}`);
  }
  return {
    names: target === undefined ? Object.keys(targets) : [target],
    seed: values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed, 0),
    cases: values.cases === undefined ? null : wholeNumber('cases', values.cases, 1),
  };
}

function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`--${name} wants a whole number of at least ${least}, not ${text}`);
}

async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === null) {
    process.stdout.write(USAGE);
    return 0;
  }
  let failed = 0;
  for (const name of options.names) {
    const target = targets[name];
    if (target === undefined) continue;
    const cases = options.cases ?? target.cases;
    process.stdout.write(`${name}: seed ${options.seed}, ${cases} cases …\n`);
    const report = await target.fuzz(options.seed, cases);
    for (const failure of report.failures) process.stdout.write(`  ${failure}\n`);
    process.stdout.write(
      `${name}: ${report.failures.length === 0 ? 'no case failed' : `${report.failures.length} FAILED`}\n`,
    );
    failed += report.failures.length;
  }
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
