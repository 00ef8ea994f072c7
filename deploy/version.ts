/** The release that runs, read from the workspace's own package.json, which stands beside dist as beside the sources. */
import { readFileSync } from 'node:fs';

export function readVersion(): string {
  const about: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  if (typeof about !== 'object' || about === null || !('version' in about))
    throw new Error('package.json has no version');
  return String(about.version);
}
