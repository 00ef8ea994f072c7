/**
 * What a test or a campaign has started and must end again: processes, folders, sockets. Everything is ended in reverse
 * order, also when something failed on the way, so no run leaves a process or a folder behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Groups that are not ended yet. An error that nobody catches ends this process without clearing the stage. */
const running = new Set<number>();
process.once('exit', () => {
  for (const pid of running) endGroup(pid);
});

export class Stage {
  readonly #ends: (() => Promise<void> | void)[] = [];

  /** `end` runs when the stage is cleared. */
  onEnd(end: () => Promise<void> | void): void {
    this.#ends.push(end);
  }

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'weir-stage-'));
    this.onEnd(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  /** A child process in a group of its own, so that it is ended with all its children; what it says is kept. */
  run(program: string, args: readonly string[], cwd: string): Program {
    const child = spawn(program, args, { cwd, detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const { pid } = child;
    let text = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    let ending: number | string | null = null;
    const exited = new Promise<number | string>((resolve) => {
      const over = (how: number | string): void => {
        ending = how;
        resolve(how);
      };
      child.on('error', (error) => over(error.message));
      // Not `exit`: what it said last may not have been read by then.
      child.on('close', (code, signal) => over(code ?? signal ?? 'unknown'));
    });
    if (pid !== undefined) running.add(pid);
    this.onEnd(async () => {
      if (pid !== undefined) {
        running.delete(pid);
        endGroup(pid);
      }
      // The group of a program that has ended may live on in its children; their exit is not ours to wait for.
      if (ending === null) await exited;
    });
    return { child, said: () => text, isOver: () => ending !== null, ending: () => ending, exited };
  }

  async clear(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}

export interface Program {
  readonly child: ChildProcess;
  /** All that it wrote to stderr. */
  readonly said: () => string;
  readonly isOver: () => boolean;
  /** Exit code, the name of the signal, or why it could not be started; null while it runs. */
  readonly ending: () => number | string | null;
  /** The same when it is over. */
  readonly exited: Promise<number | string>;
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended by itself.
  }
}

export async function onStage<T>(play: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = new Stage();
  try {
    return await play(stage);
  } finally {
    await stage.clear();
  }
}

const LOOK_EVERY_MS = 20;

/** Looks until it is so; fails with what `describe` says when it does not become so. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  describe: () => string,
  withinMs = 60_000,
): Promise<void> {
  const givenUpAtMs = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > givenUpAtMs) throw new Error(`waited ${withinMs / 1_000} s in vain: ${describe()}`);
    await passed(LOOK_EVERY_MS);
  }
}

const UP_WITHIN_MS = 5 * 60_000;

/** Waits until a process of `weir` has said all that it says when it is up; returns a place that it named. Throws when it is over before. */
export async function untilUp({ said, ending }: Program, what: string): Promise<(name: string) => string> {
  const isUp = (): boolean => /^ {2}stop /m.test(said());
  await until(() => isUp() || ending() !== null, said, UP_WITHIN_MS);
  if (!isUp()) throw new Error(`${what} did not start: it ended with ${ending()}, and said:\n${said()}`);
  return (name) => new RegExp(`^ {2}${name} +(\\S+)`, 'm').exec(said())?.[1] ?? '';
}

export function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A port that was free a moment ago, for programs that can't be told to choose one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
