import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstLink,
  LASTED_MS,
  LATES_MAX,
  type LinkEffect,
  type LinkEvent,
  type LinkState,
  PAUSE_MAX_MS,
  stepLink,
} from './link-state.js';

const events: readonly LinkEvent[] = ['ready', 'lost', 'late', 'answered', 'due'];

/** The state and all effects after these events, a second apart. */
function play(happenings: readonly LinkEvent[], chance = 1, everyMs = 1): { state: LinkState; effects: LinkEffect[] } {
  let state = firstLink;
  const effects: LinkEffect[] = [];
  for (const [i, event] of happenings.entries()) {
    const next = stepLink(state, event, i * everyMs, chance);
    state = next.state;
    effects.push(...next.effects);
  }
  return { state, effects };
}

const pauses = (effects: readonly LinkEffect[]): number[] =>
  effects.flatMap((effect) => (effect.kind === 'pause' ? [effect.ms] : []));

describe('a connection to Redis', () => {
  it('is used once its probe was answered, and not any more after so many late answers in a row', () => {
    expect(play(['due']).state.kind).toBe('half-open');
    expect(play(['due', 'ready']).state.kind).toBe('closed');
    const lates = Array.from({ length: LATES_MAX - 1 }, (): LinkEvent => 'late');
    expect(play(['due', 'ready', ...lates]).state.kind).toBe('closed');
    expect(play(['due', 'ready', ...lates, 'late']).state.kind).toBe('open');
    expect(play(['due', 'ready', ...lates, 'answered', ...lates]).state.kind).toBe('closed');
    expect(play(['due', 'ready', 'lost']).state.kind).toBe('open');
    expect(play(['due', 'lost', 'ready']).state.kind).toBe('open');
  });

  it('is made anew after pauses that grow up to a limit, also when it was well for a moment each time', () => {
    const failing = Array.from({ length: 20 }, (): LinkEvent[] => ['due', 'lost']).flat();
    expect(pauses(play(failing).effects).slice(0, 8)).toEqual([50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
    const flapping = Array.from({ length: 20 }, (): LinkEvent[] => ['due', 'ready', 'lost']).flat();
    expect(pauses(play(flapping).effects).slice(5, 7)).toEqual([1_600, 2_000]);
    // One that lasted is forgiven.
    expect(pauses(play(flapping, 1, LASTED_MS).effects).every((ms) => ms === 50)).toBe(true);
  });

  it('has at most one connection at a time, each that is given up is dropped, and is tried again for ever', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...events), { size: 'max', maxLength: 60 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (happenings, chance) => {
          let state = firstLink;
          let open = 0;
          let isPausing = true;
          for (const [i, event] of happenings.entries()) {
            if (event === 'due') isPausing = false;
            const next = stepLink(state, event, i * 100, chance);
            for (const effect of next.effects) {
              if (effect.kind === 'connect') open += 1;
              if (effect.kind === 'drop') open -= 1;
              if (effect.kind !== 'pause') continue;
              isPausing = true;
              expect(effect.ms).toBeGreaterThanOrEqual(25);
              expect(effect.ms).toBeLessThanOrEqual(PAUSE_MAX_MS);
            }
            state = next.state;
            expect(open).toBe(state.kind === 'open' ? 0 : 1);
            expect(isPausing).toBe(state.kind === 'open');
          }
        },
      ),
    );
  });

  it('that nobody needs stays closed whatever comes', () => {
    const { state, effects } = play(['due', 'ready', 'over', ...events, 'over']);
    expect(state.kind).toBe('over');
    expect(effects.map(({ kind }) => kind)).toEqual(['connect', 'drop']);
  });
});
