/** Looks at a log that others may write, too: for what `follow` has missed, or never hears where the others are processes. */
import type { BusClock } from '@weir/proto/bus/bus.js';

/** `firstMs`: until the first look. The returned function starts it, and returns how to end it. */
export function everySoOften(
  clock: Pick<BusClock, 'after'>,
  everyMs: number,
  firstMs = everyMs,
): (run: () => void) => () => void {
  return (run) => {
    let cancel = (): void => {};
    const next = (): void => {
      run();
      cancel = clock.after(everyMs, next);
    };
    cancel = clock.after(firstMs, next);
    return () => cancel();
  };
}
