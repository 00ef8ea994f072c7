import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../pipeline/testing/harness.js';
import { concealJobIds, jobAddress, jobIds, publicJobId } from './job-id.js';

const PREFIX = '/.weir/jobs';

function ids(seed: number) {
  const random = seededRandom(seed);
  const hex = () =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0');
  return jobIds((bytes) => Array.from({ length: bytes }, hex).join(''));
}

describe('the id of a job', () => {
  it('is found in its own paths, with its epoch, and in no other', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('status', 'result'), (seed, part) => {
        const made = ids(seed);
        const id = made.next();
        const path = `${PREFIX}/${id}${part === 'result' ? '/result' : ''}`;
        expect(jobAddress(PREFIX, path)).toEqual({ id, epoch: made.epoch, publicId: publicJobId(id), part });
        for (const other of [
          `${path}/`,
          `${path}x`,
          path.toUpperCase(),
          `${path}/result`,
          `/x${path}`,
          path.slice(0, -1),
        ])
          if (other !== `${PREFIX}/${id}/result`) expect(jobAddress(PREFIX, other)).toBeNull();
      }),
    );
  });

  it('is never the same twice, and has 128 bits that nobody is shown', () => {
    const made = ids(1);
    const many = Array.from({ length: 2_000 }, () => made.next());
    expect(new Set(many).size).toBe(many.length);
    expect(new Set(many.map(publicJobId)).size).toBe(many.length);
    for (const id of many) expect(id.slice(publicJobId(id).length)).toMatch(/^-[0-9a-f]{32}$/);
  });

  it('is not read into hostile paths', () => {
    const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'0af-/.%') }));
    fc.assert(
      fc.property(hostile, (tail) => {
        const address = jobAddress(PREFIX, `${PREFIX}/${tail}`);
        if (address !== null) expect(tail).toMatch(/^[0-9a-f]{16}-[0-9a-f]{32}(\/result)?$/);
      }),
      { numRuns: 500 },
    );
  });

  it('is concealed wherever it stands in a text, and all else is shown', () => {
    const around = fc.string({ unit: fc.constantFrom(...'/xyz?&=_'), size: 'max', maxLength: 40 });
    fc.assert(
      fc.property(fc.nat(), around, around, fc.constantFrom('-', '%2d', '%2D'), (seed, before, after, hyphen) => {
        const id = ids(seed).next();
        const text = `${before}${id.replace('-', hyphen)}${after}`;
        expect(concealJobIds(text)).toBe(`${before}${publicJobId(id)}-...${after}`);
        expect(concealJobIds(before + after)).toBe(before + after);
      }),
    );
  });
});
