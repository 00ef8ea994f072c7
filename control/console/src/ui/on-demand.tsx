/**
 * A part of the console in a file of its own, loaded when it is shown first. Not by React's Suspense: what that shows meanwhile stays for 300 ms, however
 * soon the file is there, which made every page of a list later than its list. And where the file does not come, a page says so.
 */
import { type ComponentType, useEffect, useState } from 'react';
import { Waiting } from './page.js';
import { ProblemAlert } from './problem-alert.js';

/** `ahead` has its file loaded before it is shown; where that fails, showing it tries again, and says so. */
export type OnDemand<P> = ComponentType<P> & { readonly ahead: () => void };

export function onDemand<P extends object>(load: () => Promise<{ readonly default: ComponentType<P> }>): OnDemand<P> {
  let known: ComponentType<P> | null = null;
  const ahead = (): void => {
    load().then(
      (loaded) => {
        known = loaded.default;
      },
      () => {},
    );
  };
  return Object.assign(Part, { ahead });

  function Part(props: P) {
    const [tries, setTries] = useState(0);
    const [, setLoaded] = useState(known !== null);
    const [error, setError] = useState<unknown>(null);
    // biome-ignore lint/correctness/useExhaustiveDependencies: each try is one more
    useEffect(() => {
      if (known !== null) return;
      let isShown = true;
      load().then(
        (loaded) => {
          known = loaded.default;
          if (isShown) setLoaded(true);
        },
        (failure: unknown) => isShown && setError(failure),
      );
      return () => {
        isShown = false;
      };
    }, [tries]);
    const Known = known;
    if (Known !== null) return <Known {...props} />;
    if (error === null) return <Waiting what="Opening" />;
    const again = () => {
      setError(null);
      setTries(tries + 1);
    };
    return <ProblemAlert error={error} onRetry={again} />;
  }
}
