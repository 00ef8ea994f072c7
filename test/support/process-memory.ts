/** Memory, limits and CPU of a process as Linux tells them in /proc. Peaks are the kernel's own, so none is missed between two looks. */
import { readFileSync, writeFileSync } from 'node:fs';

const KIB = 1_024;

/** Resident set now, in bytes. */
export function rssBytes(pid: number): number {
  return fieldBytes(pid, 'VmRSS');
}

/** Largest resident set since the start, or since `forgetPeak`. */
export function peakRssBytes(pid: number): number {
  return fieldBytes(pid, 'VmHWM');
}

/** proc(5): writing 5 to clear_refs resets the peak to the present resident set. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** How many files (sockets among them) the process may have open; Node raises its own limit to the hard one. */
export function openFilesMax(pid: number): number {
  const line = /^Max open files +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1] ?? '';
  return line === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line);
}

/** User and system time of all its threads, in milliseconds; ticks of proc(5) are hundredths of a second on every architecture of ours. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name in parentheses, which may itself hold some: utime and stime are fields 14 and 15 of the whole.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

function fieldBytes(pid: number, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`process ${pid} has no ${name}`);
  return Number(value) * KIB;
}
