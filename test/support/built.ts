/**
 * Where the programs of this clone are, for tests that start them as processes. They run from `dist`, as in production,
 * so whoever starts one makes sure first that `dist` is what the sources say: the launcher does that.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD_WITHIN_MS = 5 * 60_000;

/** The folder of the clone, seen from the source of this file as well as from its compiled form. */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)));

export const weirProgram = join(root, 'weir');

function findRoot(from: string): string {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'turbo.json'))) return folder;
  }
  throw new Error(`${from} is not inside a clone`);
}

let building: Promise<void> | null = null;

/** Builds once per process, and only when a source has changed since the last build. */
export function ensureBuilt(): Promise<void> {
  building ??= new Promise((resolve, reject) => {
    execFile(weirProgram, ['--version'], { timeout: BUILD_WITHIN_MS }, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return building;
}

/** The compiled form of a source file, named relative to the root as in `test/support/upstream-process.ts`. */
export function compiled(source: string): string {
  const [workspace = '', ...rest] = source.split('/');
  return join(root, workspace, 'dist', rest.join('/').replace(/\.ts$/, '.js'));
}
