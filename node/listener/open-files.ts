/**
 * How many connections a listener may hold before it takes the descriptors that everything else needs: connections to
 * upstreams, files, even the look at the process's own memory. At the limit of the process the kernel goes on queueing
 * connections that can't be accepted, and the loop spins on them. An edge: reads /proc, never throws, and sets no bound
 * where there is no such file.
 */
import { readFileSync } from 'node:fs';

/** The rest is for upstreams, logs and the resolver; a proxy without pooling would need half. */
const SHARE_FOR_CLIENTS = 0.8;

export function connectionsMax(): number {
  return Math.floor(openFilesMax() * SHARE_FOR_CLIENTS);
}

/** How many files and sockets this process, and those that it starts, may have open. */
export function openFilesMax(): number {
  try {
    return openFilesWithin(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** From the text of /proc/PID/limits (proc(5)): the soft limit, which is the one that holds. */
export function openFilesWithin(limits: string): number {
  const openFiles = /^Max open files\s+(\d+)\s/m.exec(limits)?.[1];
  return openFiles === undefined ? Number.POSITIVE_INFINITY : Number(openFiles);
}
