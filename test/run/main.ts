/**
 * `weir test`: everything that CI runs, on any machine, with one line at the end that sums it up.
 *
 * Without arguments: tools, lint, build, tidy, all tests. With patterns: only the test files whose path matches one.
 * Every step is run even when one before it failed, because one red step must not hide another; and every step counts.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './program.js';
import { add, isGood, lastLine, nothing, one, type Tally, tallyVitest } from './tally.js';
import { explainMissing, installTools, missingTools } from './tools.js';

const USAGE = `Usage: weir test [pattern…]

Without a pattern: checks the tools, lints, builds, holds the house to its rules, and runs every test.
With patterns: runs the test files whose path holds one of them, such as \`weir test node/time\`.

The last line is \`N passed, N failed\` over all of it; the exit code is 0 when something ran and nothing failed.
`;

// From test/dist/run/ up to the root.
const root = fileURLToPath(new URL('../../../', import.meta.url));
const MINUTE_MS = 60_000;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

interface Step {
  readonly name: string;
  run(): Promise<Tally>;
}

const inModules = (path: string): string => join(root, 'node_modules', path);

async function check(name: string, program: string, args: readonly string[]): Promise<Tally> {
  const options = { cwd: root, limitMs: 5 * MINUTE_MS, isShown: false };
  return one(name, (await runProgram(process.execPath, [inModules(program), ...args], options)) === 0);
}

async function tools(): Promise<Tally> {
  const before = missingTools(process.env);
  const missing = before.length === 0 ? before : installTools(before, say);
  if (missing.length > 0) say(explainMissing(missing));
  return one(`tools: ${missing.map(({ command }) => command).join(', ')} missing`, missing.length === 0);
}

async function vitest(name: string, args: readonly string[]): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const exitCode = await runProgram(
      process.execPath,
      [inModules('vitest/vitest.mjs'), 'run', ...reporters, ...args],
      {
        cwd: root,
        limitMs: 15 * MINUTE_MS,
        isShown: true,
      },
    );
    return tallyVitest(name, readOrNull(report), exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

const wholeHouse: readonly Step[] = [
  { name: 'tools', run: tools },
  { name: 'lint', run: () => check('lint', '@biomejs/biome/bin/biome', ['check', '.', '--error-on-warnings']) },
  { name: 'build', run: () => check('build', 'turbo/bin/turbo', ['run', 'build', '--output-logs=errors-only']) },
  { name: 'tidy', run: () => vitest('tidy', ['test/tidy']) },
  { name: 'tests', run: () => vitest('tests', ['--exclude', 'test/tidy/**']) },
];

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const steps = args.length === 0 ? wholeHouse : [{ name: 'tests', run: () => vitest('tests', args) }];
  let sum = nothing;
  for (const [index, step] of steps.entries()) {
    const startedAtMs = performance.now();
    say(`[${index + 1}/${steps.length}] ${step.name} …`);
    const tally = await step.run();
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
    say(`[${index + 1}/${steps.length}] ${step.name}: ${tally.failed === 0 ? 'good' : 'FAILED'} after ${seconds} s`);
    sum = add(sum, tally);
  }
  say('');
  for (const failure of sum.failures) say(`failed: ${failure.replace(root, '')}`);
  if (sum.skipped > 0) say(`${sum.skipped} skipped`);
  say(lastLine(sum));
  return isGood(sum) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
