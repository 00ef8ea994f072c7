/**
 * Standard error as something that never holds the gateway up. A reader that has stopped (a log collector that hangs, a
 * terminal behind a pipe that is scrolled back) would have what it does not read gather in memory without end, and keep the
 * process from ending. Here what it does not take waits, up to a bound; beyond it messages are dropped, and how many is said
 * when the reader is back.
 */

/** A few hundred screens; nobody who has not read these will read the next. */
const WAITING_BYTES_MAX = 256 * 1024;
/** What a reader gets, at the end, to take the last words. */
const LAST_WORDS_MS = 500;

export interface Words {
  write(text: string): boolean;
  readonly writableLength: number;
}

/** Writes to `to` unless too much waits there already. */
export function boundedWords(to: Words): (text: string) => void {
  let dropped = 0;
  return (text) => {
    if (to.writableLength > WAITING_BYTES_MAX) {
      dropped += 1;
      return;
    }
    if (dropped > 0) to.write(`weir: ${dropped} messages before this one were dropped, for nobody read them\n`);
    dropped = 0;
    to.write(text);
  };
}

/** Takes effect for everything that this process says on stderr. */
export function boundStderr(): void {
  const { stderr } = process;
  const direct = stderr.write.bind(stderr);
  const words = boundedWords({
    write: (text) => direct(text),
    get writableLength() {
      return stderr.writableLength;
    },
  });
  stderr.write = (chunk: string | Uint8Array): boolean => {
    words(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    return true;
  };
}

/** Ends the process although somebody may not have read its last words. */
export function endSoon(code: number): void {
  if (process.stderr.writableLength > 0) setTimeout(() => process.exit(code), LAST_WORDS_MS);
}
