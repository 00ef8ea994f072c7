/**
 * `weir test`: everything that CI runs, on any machine, with one line at the end that sums it up.
 *
 * Without arguments: lint, build and tidy, the tools beside them, then all tests. With patterns: only the test files whose path matches one; a
 * program that they lack fails them by name (test/support/programs.ts).
 * Every step is run even when one before it failed, because one red step must not hide another; and every step counts.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programFolders } from '../support/programs.js';
import { readOptions, USAGE } from './options.js';
import { runProgram } from './program.js';
import { add, isGood, lastLine, nothing, one, type Tally, tallyVitest } from './tally.js';
import { POLICY_FILE, provideTools } from './tools.js';

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
  const isRoot = process.getuid?.() === 0;
  return one('tools', await provideTools({ folders: programFolders(), isRoot, policyFile: POLICY_FILE, say }));
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
        limitMs: 17.5 * MINUTE_MS,
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

/** In the order in which they are told. The programs are fetched beside the steps that need none of them. */
function wholeHouse(): readonly Step[] {
  const provided = tools();
  // Where it fails, its own step tells; until that is awaited nobody has to.
  provided.catch(() => {});
  return [
    { name: 'lint', run: () => check('lint', '@biomejs/biome/bin/biome', ['check', '.', '--error-on-warnings']) },
    { name: 'build', run: () => check('build', 'turbo/bin/turbo', ['run', 'build', '--output-logs=errors-only']) },
    { name: 'tidy', run: () => vitest('tidy', ['--project', 'tidy']) },
    { name: 'tools', run: () => provided },
    {
      name: 'tests',
      run: () =>
        vitest(
          'tests',
          ['alone', 'house', 'units', 'load'].flatMap((name) => ['--project', name]),
        ),
    },
  ];
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, process.env['WEIR_SEED']);
  if (options.kind === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.kind === 'mistake') {
    process.stderr.write(`weir test: ${options.text}\n\n${USAGE}`);
    return 2;
  }
  if (options.kind === 'tools') return runSteps([{ name: 'tools', run: tools }]);
  // The configuration of the test runner reads it, in a process of its own.
  process.env['WEIR_SEED'] = String(options.seed);
  const { patterns } = options;
  return runSteps(patterns.length === 0 ? wholeHouse() : [{ name: 'tests', run: () => vitest('tests', patterns) }]);
}

async function runSteps(steps: readonly Step[]): Promise<number> {
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
