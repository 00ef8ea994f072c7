import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeScrapes } from './merge-scrapes.js';

const one = `# HELP a_total What a is.
# TYPE a_total counter
a_total{route="x y",code="200"} 3
a_total 1
# HELP b What b is.
# TYPE b gauge
b{} 2
`;

describe('scrapes of several workers', () => {
  it('are one, with the series of a metric together and the worker as a label', () => {
    const text = mergeScrapes([
      { worker: 'n-1', text: one },
      { worker: 'n-2', text: `${one}# TYPE c gauge\nc 9\n` },
    ]);
    expect(text.split('\n').filter((line) => line !== '')).toEqual([
      '# HELP a_total What a is.',
      '# TYPE a_total counter',
      'a_total{worker="n-1",route="x y",code="200"} 3',
      'a_total{worker="n-1"} 1',
      'a_total{worker="n-2",route="x y",code="200"} 3',
      'a_total{worker="n-2"} 1',
      '# HELP b What b is.',
      '# TYPE b gauge',
      'b{worker="n-1"} 2',
      'b{worker="n-2"} 2',
      '# TYPE c gauge',
      'c{worker="n-2"} 9',
    ]);
  });

  it('lose no series and make none, whatever the values of labels are', () => {
    const value = fc.string({ unit: 'binary-ascii' }).map((text) => text.replace(/[\n\r"\\]/g, '_'));
    const series = fc.tuple(fc.constantFrom('a', 'b', 'c'), value);
    fc.assert(
      fc.property(fc.array(series, { size: 'max', maxLength: 50 }), fc.integer({ min: 1, max: 4 }), (list, workers) => {
        const text = [...new Set(list.map(([name]) => name))]
          .map((name) => {
            const lines = list.filter(([other]) => other === name).map(([, label]) => `${name}{l="${label}"} 1\n`);
            return `# TYPE ${name} gauge\n${lines.join('')}`;
          })
          .join('');
        const merged = mergeScrapes(Array.from({ length: workers }, (_, i) => ({ worker: `w${i}`, text })));
        const found = merged.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
        const expected = Array.from({ length: workers }, (_, i) =>
          list.map(([name, label]) => `${name}{worker="w${i}",l="${label}"} 1`),
        );
        expect(found.toSorted()).toEqual(expected.flat().toSorted());
        expect(merged.match(/^# TYPE/gm)?.length ?? 0).toBe(new Set(list.map(([name]) => name)).size);
      }),
    );
  });
});
