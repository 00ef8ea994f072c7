/**
 * Tells when the content of a file has changed, whatever way it was saved.
 *
 * Editors rename a new file over the old one, Kubernetes swaps a symlink beside it, some write in place and in pieces.
 * So the folder is watched (and the folder of what a symlink points to), events are gathered for a moment, and only a
 * content that differs from the last one counts, or a file that stays away. Network file systems send no events: a look every two seconds covers
 * them and whatever else an event was missed for.
 */
import { createHash } from 'node:crypto';
import { type FSWatcher, unwatchFile, watch, watchFile } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Long enough for an editor to finish its dance, short enough to feel immediate. */
const SETTLE_MS = 100;
/** Other files of the folder may change all the time; that must not put the look off for ever. */
const SETTLE_MAX_MS = 1_000;
const LOOK_EVERY_MS = 2_000;

export interface FileWatch {
  close(): void;
}

export async function watchContent(path: string, onChange: () => void): Promise<FileWatch> {
  let known = await contentHash(path);
  let settling: NodeJS.Timeout | null = null;
  let noticedAtMs = 0;
  let isClosed = false;
  /** It was not there at the last look. */
  let isMissed = false;
  const watchers = new Map<string, FSWatcher>();

  const look = async (): Promise<void> => {
    const content = await contentHash(path);
    if (isClosed || content === known) return;
    if (content === null && !isMissed) {
      // A file that is gone for the moment is being replaced, most often; one that stays away is news.
      isMissed = true;
      setTimeout(() => void look(), LOOK_EVERY_MS).unref();
      return;
    }
    isMissed = content === null;
    known = content;
    onChange();
    await watchFolders();
  };

  const noticed = (): void => {
    const nowMs = performance.now();
    if (settling === null) noticedAtMs = nowMs;
    else clearTimeout(settling);
    const delayMs = Math.min(SETTLE_MS, Math.max(0, noticedAtMs + SETTLE_MAX_MS - nowMs));
    settling = setTimeout(() => {
      settling = null;
      void look();
    }, delayMs);
  };

  const watchFolders = async (): Promise<void> => {
    const folders = new Set([dirname(path), dirname(await realpath(path).catch(() => path))]);
    if (isClosed) return;
    for (const [folder, watcher] of watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of folders) if (!watchers.has(folder)) addWatcher(folder);
  };

  const addWatcher = (folder: string): void => {
    try {
      const watcher = watch(folder, { persistent: false }, noticed);
      watcher.on('error', () => watchers.delete(folder)); // The regular look goes on.
      watchers.set(folder, watcher);
    } catch {
      // No watches left in the system, or none on this file system: the regular look has to do.
    }
  };

  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, noticed);
  await watchFolders();
  return {
    close() {
      isClosed = true;
      if (settling !== null) clearTimeout(settling);
      for (const watcher of watchers.values()) watcher.close();
      unwatchFile(path, noticed);
    },
  };
}

async function contentHash(path: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  } catch {
    return null;
  }
}
