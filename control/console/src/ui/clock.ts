/** The browser's clock and timers, for components: what time it is, kept current, and what is done later. */
import { useCallback, useEffect, useRef, useState } from 'react';

/** Milliseconds since 1970, renewed that often. */
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** One thing at a time: what is asked for later replaces what was waiting. */
export function useLater(): (act: () => void, afterMs: number) => void {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  return useCallback((act, afterMs) => {
    clearTimeout(timer.current ?? undefined);
    timer.current = setTimeout(act, afterMs);
  }, []);
}

/** The value, once it has stood still for so long. */
export function useSettled<T>(value: T, afterMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs);
    return () => clearTimeout(timer);
  }, [value, afterMs]);
  return settled;
}
