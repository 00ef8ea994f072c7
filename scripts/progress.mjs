/** How far an install or a build has come, looked up where they leave their traces: neither npm nor turbo tells a program. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { innerWorkspaces, workspaces } from './fingerprint.mjs';

/** `3 of 7 parts begun`: turbo writes a log in each workspace that it builds, or takes from its cache. */
export function begunParts(root, sinceMs) {
  const parts = [...workspaces, ...innerWorkspaces];
  const begun = parts.filter((part) => {
    const log = statSync(join(root, part, '.turbo', 'turbo-build.log'), { throwIfNoEntry: false });
    return log !== undefined && log.mtimeMs >= sinceMs;
  });
  return `${begun.length} of ${parts.length} parts begun`;
}

/** `412 of 640 packages`, of those that the lock file names and every machine needs; what is wrong with that file npm says itself. */
export function presentPackages(root) {
  const wanted = lockedPackages(join(root, 'package-lock.json'))
    .filter(([path, { link, optional }]) => path.includes('node_modules/') && !link && !optional)
    .map(([path]) => path);
  const present = wanted.filter((path) => existsSync(join(root, path, 'package.json')));
  return `${present.length} of ${wanted.length} packages`;
}

function lockedPackages(file) {
  try {
    return Object.entries(JSON.parse(readFileSync(file, 'utf8')).packages ?? {});
  } catch {
    return [];
  }
}
