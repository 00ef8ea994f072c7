import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOfStatus, coresOfStatus, coreTimeOfStat, cpuSecondsOfStat, threadTimeOfSchedstat } from './proc-files.js';

const statWith = (name: string, utime: number, stime: number): string =>
  `4242 (${name}) S 1 4242 4242 0 -1 4194560 1234 0 5 0 ${utime} ${stime} 99 98 20 0 7 0 12345 1000000 2048 18446744073709551615`;

const STATUS = `Name:\tnginx
VmPeak:\t   65000 kB
VmHWM:\t   12345 kB
VmRSS:\t    9876 kB
Cpus_allowed:\t27
Cpus_allowed_list:\t0-2,5
`;

describe('cpuSecondsOfStat', () => {
  it('adds user and system time of the process and leaves its children out', () => {
    expect(cpuSecondsOfStat(statWith('nginx', 150, 275))).toBe(4.25);
  });

  it('is not misled by a name with parentheses, spaces and digits', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), fc.nat(1e6), fc.nat(1e6), (name, utime, stime) => {
        expect(cpuSecondsOfStat(statWith(name, utime, stime))).toBeCloseTo((utime + stime) / 100);
      }),
    );
  });

  it('reads the file of a living process', () => {
    const own = process.cpuUsage();
    expect(cpuSecondsOfStat(readFileSync('/proc/self/stat', 'utf8'))).toBeGreaterThanOrEqual(
      (own.user + own.system) / 1e6 - 0.5,
    );
  });

  it('refuses what is no such file', () => {
    for (const text of ['', '1 2 3', '1 (x) S 1']) expect(() => cpuSecondsOfStat(text)).toThrow(/not a/);
  });
});

describe('bytesOfStatus', () => {
  it('turns KiB into bytes and tells peak from present', () => {
    expect(bytesOfStatus(STATUS, 'VmHWM')).toBe(12345 * 1024);
    expect(bytesOfStatus(STATUS, 'VmRSS')).toBe(9876 * 1024);
  });

  it('refuses a status without the field, as kernel threads have it', () => {
    expect(() => bytesOfStatus('Name:\tkthreadd\n', 'VmHWM')).toThrow(/no VmHWM/);
  });
});

describe('coresOfStatus', () => {
  it('unfolds ranges', () => {
    expect(coresOfStatus(STATUS)).toEqual([0, 1, 2, 5]);
    expect(coresOfStatus('Cpus_allowed_list:\t3\n')).toEqual([3]);
  });
});

describe('coreTimeOfStat', () => {
  const stat = 'cpu  999 0 0 0 0 0 0 0 0 0\ncpu0 100 10 200 1000 50 5 15 20 7 0\ncpu1 1 1 1 97 0 0 0 0 0 0\nintr 5\n';

  it('counts everything but idle and iowait as busy, guest time once', () => {
    expect(coreTimeOfStat(stat, 0)).toEqual({ busySeconds: 3.5, totalSeconds: 14 });
    expect(coreTimeOfStat(stat, 1)).toEqual({ busySeconds: 0.03, totalSeconds: 1 });
  });

  it('refuses a core that does not exist', () => {
    expect(() => coreTimeOfStat(stat, 10)).toThrow(/no cpu10/);
    expect(() => coreTimeOfStat('cpu10 1 1 1 1 1 1 1 1\n', 1)).toThrow(/no cpu1/);
  });
});

describe('threadTimeOfSchedstat', () => {
  it('tells running from waiting for a core', () => {
    expect(threadTimeOfSchedstat('1500000000 250000000 42\n')).toEqual({ ranSeconds: 1.5, delayedSeconds: 0.25 });
  });

  it('reads the file of a living thread, which has run and may have waited', () => {
    const { ranSeconds, delayedSeconds } = threadTimeOfSchedstat(readFileSync('/proc/self/schedstat', 'utf8'));
    expect(ranSeconds).toBeGreaterThan(0);
    expect(delayedSeconds).toBeGreaterThanOrEqual(0);
  });

  it('refuses what is no such file', () => {
    for (const text of ['', '1 2', '1 2 x']) expect(() => threadTimeOfSchedstat(text)).toThrow(/not a/);
  });
});
