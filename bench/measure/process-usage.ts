/**
 * What a running process has used, read from /proc: an edge. Children are found the same way, because what is
 * measured (nginx's worker, Weir's data plane) is the child of what was started.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  bytesOfStatus,
  type CoreTime,
  coresOfStatus,
  coreTimeOfStat,
  cpuSecondsOfStat,
  type ThreadTime,
  threadTimeOfSchedstat,
} from './proc-files.js';

export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOfStat(readFileSync(`/proc/${pid}/stat`, 'utf8')), 0);
}

/** Of that what their main threads have used: where JavaScript runs. The others compile it, and collect its garbage. */
export function mainThreadSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOfStat(readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8')), 0);
}

/** What the kernel's scheduler knows of a process's main thread. */
export const mainThreadTime = (pid: number): ThreadTime =>
  threadTimeOfSchedstat(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8'));

/** The peak of resident memory since it was last reset, in bytes. */
export function peakRssBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + bytesOfStatus(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmHWM'), 0);
}

/** Resident memory now, in bytes. */
export function rssBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + bytesOfStatus(readFileSync(`/proc/${pid}/status`, 'utf8'), 'VmRSS'), 0);
}

/** Begins a new peak (proc(5), clear_refs, value 5). Returns false where the kernel does not allow it. */
export function resetPeakRss(pids: readonly number[]): boolean {
  try {
    for (const pid of pids) writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}

export function allowedCores(): number[] {
  return coresOfStatus(readFileSync('/proc/self/status', 'utf8'));
}

export function coreTime(core: number): CoreTime {
  return coreTimeOfStat(readFileSync('/proc/stat', 'utf8'), core);
}

/** The processes that this one has started and that still live; any of its threads may have started them. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    // It, or one of its threads, has ended meanwhile.
    return [];
  }
}

export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** The arguments that a process was started with. */
export function commandLine(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
}
