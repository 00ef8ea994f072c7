/** SIGSTOP as a test means it: when this returns, no thread of the process runs. The kernel takes its time on a busy machine. */
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What a thread needs at most to be stopped; beyond it the test goes on, and says what it sees. */
const STOPPED_WITHIN_MS = 2_000;

export function sendSignal(child: ChildProcess, signal: 'SIGSTOP' | 'SIGCONT'): void {
  child.kill(signal);
  const { pid } = child;
  if (signal === 'SIGCONT' || pid === undefined) return;
  const givenUpAtMs = performance.now() + STOPPED_WITHIN_MS;
  while (!isStopped(pid) && performance.now() < givenUpAtMs);
}

/** State `T` of each thread (proc(5), stat); a process that is gone runs nothing either. */
function isStopped(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      /\) [TtZX]/.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')),
    );
  } catch {
    return true;
  }
}
