/**
 * What a node does after an exception that nobody caught: it says so, drains for a moment, and ends.
 *
 * An error inside a request is caught where the request is and fails that request alone. One that reaches the event loop
 * has left some callback half done: a count that is not given back, a socket that nobody reads. Nobody knows what state
 * the process is in, so it must not serve for hours on it; and it must not drop every client at once for what is most
 * often one request's fault. The supervisor starts another process when this one has ended. (Node's documentation says
 * the same of `uncaughtException`: it is not safe to resume.)
 */
import { stackOf } from './bug-log.js';

/** Nobody listens until the next process does, so this is much shorter than the drain of an asked stop. */
export const CRASH_DRAIN_MS = 3_000;
/** EX_SOFTWARE of sysexits.h. */
export const EXIT_CRASHED = 70;

export interface CrashParts {
  readonly log: (text: string) => void;
  /** Drains and then ends with this code; throws or hangs when too much is broken. Does nothing before there is a node. */
  readonly stop: (exitCode: number) => void;
  readonly exit: (code: number) => void;
  readonly after: (delayMs: number, task: () => void) => void;
}

/** `origin` is node's word for where it came from: an exception or a rejected promise. */
export function crashHandler({ log, stop, exit, after }: CrashParts): (error: unknown, origin: string) => void {
  let hasCrashed = false;
  return (error, origin) => {
    log(`${origin}: ${stackOf(error)}`);
    if (hasCrashed) return;
    hasCrashed = true;
    log(`what state this process is in is not known; it ends within ${CRASH_DRAIN_MS / 1_000} s`);
    after(CRASH_DRAIN_MS, () => exit(EXIT_CRASHED));
    try {
      stop(EXIT_CRASHED);
    } catch (failed) {
      log(`it could not be drained: ${stackOf(failed)}`);
      exit(EXIT_CRASHED);
    }
  };
}
