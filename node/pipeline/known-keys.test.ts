import { describe, expect, it } from 'vitest';
import { KnownKeys } from './known-keys.js';

interface Terms {
  readonly share: number;
}

describe('KnownKeys', () => {
  /** Says each time what is made of the terms, so that it is seen when that is done. */
  const setUp = (max: number) => {
    const keys = new KnownKeys<Terms>(max);
    let made = 0;
    const of = (terms: Terms, place: readonly unknown[] = ['retry', 'r']): string =>
      keys.of(terms, place, ({ share }) => {
        made += 1;
        return [share];
      });
    return { of, made: () => made };
  };

  it('makes a key of the place and of what the terms say, once for the same terms at the same place', () => {
    const { of, made } = setUp(10);
    const terms = { share: 0.2 };
    expect([of(terms), of(terms), made()]).toEqual(['["retry","r",0.2]', '["retry","r",0.2]', 1]);
    expect(of({ share: 0.2 })).toBe(of(terms));
    expect(of(terms, ['retry', 'other'])).toBe('["retry","other",0.2]');
    expect(of(terms)).toBe('["retry","r",0.2]');
  });

  it('keeps what is asked for from one snapshot to the next, while as many others come and go', () => {
    const { of, made } = setUp(2);
    const stays = { share: 0.1 };
    of(stays);
    for (let i = 0; i < 20; i += 1) {
      of({ share: i });
      of(stays);
    }
    expect(made()).toBe(21);
  });

  it('forgets what nobody asks for when twice as many others have come', () => {
    const { of, made } = setUp(2);
    const gone = { share: 0.1 };
    of(gone);
    for (let i = 0; i < 4; i += 1) of({ share: i });
    expect([of(gone), made()]).toEqual(['["retry","r",0.1]', 6]);
  });
});
