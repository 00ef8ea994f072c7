/**
 * Keeps two launches from installing or building at once: a file that names its holder's process id, and below it that of
 * the step it runs. An npm that outlives a launcher which was killed goes on writing, so it holds the lock as well.
 *
 * Creating a file exclusively is atomic on every file system that matters here. A holder that was killed leaves the
 * file behind; whoever waits notices that the process is gone and takes over. The take-over renames first and looks at
 * what it has renamed, so that of two waiters only one removes the dead holder's file and neither removes a live one's.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than any install or build that is still alive. */
const WAIT_MAX_MS = 15 * 60_000;
const POLL_MS = 200;

/**
 * Runs `work` while holding the lock. `onWait` is told the holder's id once, when there is one to wait for. `work` gets a
 * function to name the process that works for it.
 */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  const giveUpAt = Date.now() + WAIT_MAX_MS;
  let told = false;
  while (!tryTake(path)) {
    const holder = holderOf(path);
    const living = holder === null ? undefined : holder.split('\n').find((pid) => isAlive(Number(pid)));
    if (holder !== null && living === undefined) {
      removeDead(path, holder);
      continue;
    }
    if (!told) onWait(living ?? null);
    told = true;
    if (Date.now() > giveUpAt)
      throw new Error(`another launch has held ${path} for too long; remove it if none is running`);
    await sleep(POLL_MS);
  }
  try {
    return await work((pid) => nameStep(path, pid));
  } finally {
    rmSync(path, { force: true });
  }
}

function tryTake(path) {
  // Written beside and linked into place, so that the file never exists without its holder's id in it.
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function nameStep(path, pid) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, pid === undefined ? String(process.pid) : `${process.pid}\n${pid}`);
  renameSync(mine, path);
}

/** The ids of the holder and its step, a line each, or null when the lock has just been released. */
function holderOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM'; // Alive, and somebody else's.
  }
}

function removeDead(path, holder) {
  const aside = `${path}.${process.pid}.dead`;
  try {
    renameSync(path, aside);
  } catch {
    return; // Another waiter was faster.
  }
  if (holderOf(aside) !== holder) {
    // Another waiter took over between the look and the rename: give it its lock back.
    try {
      linkSync(aside, path);
    } catch {
      // A third one holds it by now; the worst that follows is one build too many.
    }
  }
  rmSync(aside, { force: true });
}
