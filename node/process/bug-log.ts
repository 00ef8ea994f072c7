/**
 * Tells bugs to the operator, with their stack, and not more of them than a log can bear: a bug may come with every
 * request. All of them are in `weir_bugs_total`; what was left out is said with the next one that is told.
 */

/** Bugs that are told within one window; each is a few KiB of stack at most. */
const TOLD_MAX = 20;
const WINDOW_MS = 60_000;
const STACK_CHARACTERS_MAX = 8_192;

export function bugLog(log: (text: string) => void, nowMs: () => number): (error: unknown) => void {
  let windowEndMs = Number.NEGATIVE_INFINITY;
  let told = 0;
  let untold = 0;
  return (error) => {
    const now = nowMs();
    if (now >= windowEndMs) {
      windowEndMs = now + WINDOW_MS;
      told = 0;
    }
    if (told >= TOLD_MAX) {
      untold += 1;
      return;
    }
    told += 1;
    if (untold > 0) log(`${untold} bugs before this one were not told`);
    untold = 0;
    log(`bug: ${stackOf(error)}`);
  };
}

/** What was thrown need not be an error, and its stack need not be short; nothing in here may throw. */
export function stackOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : describe(error);
  return text.slice(0, STACK_CHARACTERS_MAX);
}

function describe(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'something without a text was thrown';
  }
}
