/**
 * Reads the text of Linux's /proc/<pid>/stat, /proc/<pid>/status and /proc/stat (proc(5)). Pure; the files themselves
 * are opened in process-usage.ts.
 */

/** USER_HZ: the unit of CPU times in /proc is 1/100 s on every Linux architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** User and system time of a whole process, all threads, in seconds. */
export function cpuSecondsOfStat(stat: string): number {
  // The second field is the program's name in parentheses, which may itself hold spaces and parentheses; what is
  // counted begins behind the last one. utime and stime are fields 14 and 15, so 11 and 12 of the rest.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!stat.includes(')') || !Number.isFinite(ticks)) throw new Error(`not a /proc/<pid>/stat: ${stat.slice(0, 200)}`);
  return ticks / TICKS_PER_SECOND;
}

/** Since a thread began, in seconds: it ran, and it could have run and had no core. The rest it slept. */
export interface ThreadTime {
  readonly ranSeconds: number;
  readonly delayedSeconds: number;
}

/** /proc/<pid>/task/<tid>/schedstat: nanoseconds on a core, nanoseconds in a queue for one, and how often it got one. */
export function threadTimeOfSchedstat(schedstat: string): ThreadTime {
  const match = /^(\d+) (\d+) \d+\s*$/.exec(schedstat);
  if (match === null) throw new Error(`not a /proc/<pid>/task/<tid>/schedstat: ${schedstat.slice(0, 200)}`);
  return { ranSeconds: Number(match[1]) / 1e9, delayedSeconds: Number(match[2]) / 1e9 };
}

/** One of the sizes of /proc/<pid>/status, which the kernel writes in kB that are KiB, in bytes. */
export function bytesOfStatus(status: string, field: 'VmHWM' | 'VmRSS'): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
  if (match === null) throw new Error(`/proc/<pid>/status has no ${field}`);
  return Number(match[1]) * 1024;
}

/** The cores that a process may run on: `0-2,5` as [0, 1, 2, 5]. */
export function coresOfStatus(status: string): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1];
  if (list === undefined) throw new Error('/proc/<pid>/status has no Cpus_allowed_list');
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  });
}

/** Seconds that a core has been busy and seconds that it has existed, since boot. */
export interface CoreTime {
  readonly busySeconds: number;
  readonly totalSeconds: number;
}

/** The line of one core in /proc/stat: user nice system idle iowait irq softirq steal … */
export function coreTimeOfStat(stat: string, core: number): CoreTime {
  const line = new RegExp(`^cpu${core} (.+)$`, 'm').exec(stat)?.[1];
  if (line === undefined) throw new Error(`/proc/stat has no cpu${core}`);
  // Guest time (fields 9 and 10) is already counted in user and nice.
  const ticks = line.trim().split(/\s+/).slice(0, 8).map(Number);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busySeconds: (total - idle) / TICKS_PER_SECOND, totalSeconds: total / TICKS_PER_SECOND };
}
