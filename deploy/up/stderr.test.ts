import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boundedWords } from './stderr.js';

it('what nobody reads is bounded, and what was dropped is said when somebody reads again', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat({ max: 100_000 }), fc.constant('read' as const)), { size: 'max', maxLength: 100 }),
      (steps) => {
        const written: string[] = [];
        const pipe = {
          writableLength: 0,
          write(text: string) {
            written.push(text);
            pipe.writableLength += text.length;
            return true;
          },
        };
        const say = boundedWords(pipe);
        let said = 0;
        for (const step of steps) {
          if (step === 'read') pipe.writableLength = 0;
          else {
            said += 1;
            say('x'.repeat(step));
          }
          // The last one may go over it, and nothing comes after that.
          expect(pipe.writableLength).toBeLessThanOrEqual(256 * 1024 + 100_000 + 100);
        }
        pipe.writableLength = 0;
        say('last');
        const told = written.map((text) => Number(/^weir: (\d+) messages/.exec(text)?.[1] ?? 0));
        const lines = written.filter((_, index) => told[index] === 0).length;
        expect(lines + told.reduce((sum, count) => sum + count, 0)).toBe(said + 1);
      },
    ),
  );
});
