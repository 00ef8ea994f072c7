import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLLECT_EVERY_BYTES, collectingPieces } from './pieces.js';

describe('memory of pieces', () => {
  it('is collected before more than the bound and one piece have come together, and not without need', () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 65_536 }), fc.integer({ min: 0, max: 2 * COLLECT_EVERY_BYTES }));
    fc.assert(
      fc.property(fc.array(size, { size: 'max', maxLength: 400 }), (sizes) => {
        let keptBytes = 0;
        let collected = 0;
        const came = collectingPieces(() => {
          collected += 1;
          keptBytes = 0;
        });
        for (const bytes of sizes) {
          keptBytes += bytes;
          came(bytes);
          expect(keptBytes).toBeLessThan(COLLECT_EVERY_BYTES);
        }
        const totalBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
        expect(collected).toBeLessThanOrEqual(totalBytes / COLLECT_EVERY_BYTES);
      }),
    );
  });

  it('is collected at a bound of its own where one is given', () => {
    let collected = 0;
    const came = collectingPieces(() => {
      collected += 1;
    }, 10);
    for (let i = 0; i < 9; i += 1) came(3);
    expect(collected).toBe(2);
  });
});
