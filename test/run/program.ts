/** Runs the programs that the steps of a test run consist of, each with a limit on its time. */
import { spawn } from 'node:child_process';

export interface ProgramOptions {
  readonly cwd: string;
  readonly limitMs: number;
  /** Show the output as it comes; otherwise it is gathered and shown only when the program fails. */
  readonly isShown: boolean;
  /** The child's environment; this process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The exit code; 124 when the time was up, as timeout(1) has it. */
export function runProgram(file: string, args: readonly string[], options: ProgramOptions): Promise<number> {
  const { cwd, limitMs, isShown, env = process.env } = options;
  return new Promise((resolve) => {
    const output: Buffer[] = [];
    const child = spawn(file, args, {
      cwd,
      env,
      stdio: ['ignore', isShown ? 'inherit' : 'pipe', isShown ? 'inherit' : 'pipe'],
    });
    child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => output.push(chunk));
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, limitMs);
    const end = (code: number): void => {
      clearTimeout(late);
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code);
    };
    child.on('error', (error) => {
      output.push(Buffer.from(`${error.message}\n`));
      end(127);
    });
    child.on('close', (code) => end(isLate ? 124 : (code ?? 1)));
  });
}
