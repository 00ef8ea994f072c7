import { describe, expect, it } from 'vitest';
import { KnownKeys } from './known-keys.js';

interface Terms {
  readonly share: number;
}

describe('KnownKeys', () => {
  /** Counts how often the terms are read, which is what a known key saves. */
  const setUp = () => {
    const keys = new KnownKeys<Terms>();
    let made = 0;
    const of = (terms: Terms, place: readonly unknown[] = ['retry', 'r']): string =>
      keys.of(terms, place, ({ share }) => {
        made += 1;
        return [share];
      });
    return { of, made: () => made, nextSnapshot: () => keys.nextSnapshot() };
  };

  it('makes a key of the place and of what the terms say, once for the same terms at the same place', () => {
    const { of, made } = setUp();
    const terms = { share: 0.2 };
    expect([of(terms), of(terms), made()]).toEqual(['["retry","r",0.2]', '["retry","r",0.2]', 1]);
    expect(of({ share: 0.2 })).toBe(of(terms));
    expect(of(terms, ['retry', 'other'])).toBe('["retry","other",0.2]');
    expect(of(terms)).toBe('["retry","r",0.2]');
  });

  it('knows what was asked for by the snapshot before, and by none before that', () => {
    const { of, made, nextSnapshot } = setUp();
    const [stays, gone] = [{ share: 0.1 }, { share: 0.3 }];
    of(stays);
    of(gone);
    for (let i = 0; i < 3; i += 1) {
      nextSnapshot();
      of(stays);
    }
    expect(made()).toBe(2);
    of(gone);
    expect(made()).toBe(3);
  });

  it('forgets nothing for a snapshot that goes on as it was', () => {
    const { of, made, nextSnapshot } = setUp();
    const terms = { share: 0.1 };
    of(terms);
    for (let i = 0; i < 3; i += 1) nextSnapshot();
    of(terms);
    expect(made()).toBe(1);
  });
});
