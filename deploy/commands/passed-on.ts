/**
 * Commands of the repository's own tools (tests, benchmarks, fuzzing): programs of workspaces that deploy must not
 * import, so they are run as processes of their own, with all arguments passed on.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

interface PassedOn {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** Relative to the root. */
  readonly program: string;
  /** What may follow the name, for completion in a shell: the program is not asked at each key. */
  readonly words: readonly string[];
}

const passedOn: readonly PassedOn[] = [
  {
    name: 'test',
    usage: '[options] [pattern…]',
    summary: 'run everything that CI runs, or the tests whose file matches',
    program: 'test/dist/run/main.js',
    words: ['--tools', '--seed'],
  },
  {
    name: 'bench',
    usage: '<proxy|pace|held|flame|layers|gauntlet|cache|ai|gossip|trace> [options]',
    summary: 'measure beside nginx and HAProxy, before good upstreams and bad ones, or layer by layer',
    program: 'bench/dist/main.js',
    words: [
      ...['proxy', 'pace', 'held', 'flame', 'layers', 'gauntlet', 'cache', 'ai', 'gossip', 'trace'],
      ...[
        '--quick',
        '--rounds',
        '--seconds',
        '--warmup',
        '--cases',
        '--connections',
        '--peers',
        '--workers',
        '--share',
      ],
      ...[
        '--count',
        '--runs',
        '--only',
        '--scenarios',
        '--rate',
        '--seed',
        '--name',
        '--policies',
        '--nodes',
        '--routes',
        '--peer',
        '--case',
        '--interval',
      ],
    ],
  },
  {
    name: 'fuzz',
    usage: '[options]',
    summary: 'throw seeded hostile input at the parsers',
    program: 'test/dist/run/fuzz.js',
    words: ['--target', '--seed', '--cases'],
  },
];

/** The words of one of these commands; null for any other. */
export function passedOnWords(command: string): readonly string[] | null {
  return passedOn.find(({ name }) => name === command)?.words ?? null;
}

export function registerPassedOn(program: Command): void {
  for (const { name, usage, summary, program: path } of passedOn) {
    program
      .command(name)
      .summary(summary)
      .usage(usage)
      .argument('[args...]')
      .allowUnknownOption()
      .helpOption(false) // The program itself knows its options best.
      .passThroughOptions()
      .action(async (args: string[]) => {
        process.exitCode = await runProgram(path, args);
      });
  }
}

function runProgram(path: string, args: readonly string[]): Promise<number> {
  // From deploy/dist/commands/ up to the root.
  const root = new URL('../../../', import.meta.url);
  const file = fileURLToPath(new URL(path, root));
  if (!existsSync(file)) {
    process.stderr.write(`weir: ${path} is not part of this installation; it comes with a clone of the repository.\n`);
    return Promise.resolve(1);
  }
  return new Promise((resolve) => {
    // The server library reads its limit of a request head once, at the start of a process that listens by itself.
    const env = { UWS_HTTP_MAX_HEADERS_SIZE: '65536', ...process.env };
    const child = spawn(process.execPath, [file, ...args], { stdio: 'inherit', env });
    // Ctrl-C reaches the child by the terminal; a signal that was sent to this process alone is passed on.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('error', (error) => {
      process.stderr.write(`weir: ${error.message}\n`);
      resolve(1);
    });
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}
