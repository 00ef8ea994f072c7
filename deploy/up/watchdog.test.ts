import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HUNG_LOOKS, SILENT_LOOKS, Watchdog } from './watchdog.js';

function watched() {
  const told: string[] = [];
  const dog = new Watchdog({
    onSilent: (forS) => told.push(`silent ${forS}`),
    onHeardAgain: () => told.push('heard'),
    onHung: (forS) => told.push(`hung ${forS}`),
  });
  return { dog, told };
}

describe('the watchdog of a node', () => {
  it('tells of a silence once, and of its end', () => {
    const { dog, told } = watched();
    for (let i = 0; i < SILENT_LOOKS - 1; i += 1) dog.look();
    expect([told, dog.silentForS]).toEqual([[], null]);
    dog.look();
    dog.look();
    expect([told, dog.silentForS]).toEqual([[`silent ${SILENT_LOOKS}`], SILENT_LOOKS + 1]);
    dog.heard();
    expect([told.at(-1), dog.silentForS]).toEqual(['heard', null]);
  });

  it('calls hung whoever was silent for so many looks in a row, and nobody else', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('look', 'heard', 'reset'), { size: 'max', maxLength: 200 }), (events) => {
        const { dog, told } = watched();
        let inARow = 0;
        let hung = 0;
        for (const event of [...Array<'look'>(HUNG_LOOKS).fill('look'), ...events]) {
          dog[event as 'look' | 'heard' | 'reset']();
          inARow = event === 'look' ? inARow + 1 : 0;
          if (inARow >= HUNG_LOOKS) hung += 1;
          expect(dog.silentForS).toBe(inARow >= SILENT_LOOKS ? inARow : null);
        }
        expect(told.filter((text) => text.startsWith('hung'))).toHaveLength(hung);
      }),
    );
  });
});
