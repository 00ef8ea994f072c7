/**
 * Whether the installed packages and the built files still belong to the sources, answered in a few milliseconds.
 *
 * The answer must cost less than a command's own start, so files are compared by path, size and modification time;
 * when that says "changed", turbo compares contents and may still find that nothing has to be compiled.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const workspaces = ['proto', 'node', 'control', 'deploy', 'bench', 'test'];
/** Inside of another workspace, whose sources include its own. */
export const innerWorkspaces = ['control/console'];

const rootFiles = [
  'package-lock.json',
  'tsconfig.base.json',
  'turbo.json',
  'scripts/bundle.mjs',
  'scripts/bundled.json',
];
const notSources = new Set(['dist', 'node_modules', 'reports', '.turbo']);

/** Hash over everything that a build reads. */
export function sourcesFingerprint(root) {
  const hash = createHash('sha256');
  const add = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
  };
  for (const file of rootFiles) add(join(root, file));
  for (const workspace of workspaces) for (const file of sourceFiles(join(root, workspace))) add(file);
  return hash.digest('hex');
}

function* sourceFiles(folder) {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return; // A workspace that is not there has no sources.
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) {
      if (!notSources.has(entry.name)) yield* sourceFiles(join(folder, entry.name));
    } else if (/\.(ts|tsx|mts|cts|json|css|html|svg)$/.test(entry.name)) {
      yield join(folder, entry.name);
    }
  }
}

/** True where every workspace has been compiled at least once. */
export function isBuilt(root) {
  return [...workspaces, ...innerWorkspaces].every(
    (workspace) =>
      !exists(join(root, workspace, 'tsconfig.json')) || exists(join(root, workspace, 'dist', '.tsbuildinfo')),
  );
}

const installStamp = (root) => join(root, 'node_modules', '.weir-install');

export function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

/** There from before an install to its end: what is in node_modules meanwhile is not to be relied on. */
export const installing = (root) => join(root, '.turbo', 'weir-installing');

/**
 * True when node_modules was installed from the package-lock.json that is there now, and is whole. npm writes its hidden
 * lockfile last, but an install that was broken off while it removed an older tree has left one; so what it names is looked
 * for. An install by hand has no stamp of ours but a hidden lockfile that is newer.
 */
export function isInstalled(root) {
  if (exists(installing(root)) || !isWhole(root)) return false;
  const hidden = statSync(join(root, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  if (hidden === undefined) return false;
  if (hidden.mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs) return true;
  try {
    return readFileSync(installStamp(root), 'utf8') === lockHash(root);
  } catch {
    return false;
  }
}

/** Every package that npm says it has installed is there; about a millisecond for a hundred. */
function isWhole(root) {
  try {
    const hidden = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8'));
    return Object.keys(hidden.packages ?? {})
      .filter((path) => path.startsWith('node_modules/'))
      .every((path) => exists(join(root, path, 'package.json')));
  } catch {
    return false;
  }
}

export { installStamp };

function exists(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
