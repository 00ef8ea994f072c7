import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectWellFormed } from '../testing/well-formed.js';
import { flameOf } from './chart.js';
import { filesOfLines, placesUnder, roomOf, rooms } from './places.js';
import { type CallFrame, type CpuProfile, foldedOf, type Place, selfBy, treeOf } from './profile.js';

const called = (functionName: string, url = '', lineNumber = 0): CallFrame => ({ functionName, url, lineNumber });
const plain = ({ functionName, url }: CallFrame): Place => ({ name: functionName, file: url });

/** (root) ─▶ read ─▶ parse ─▶ slice, and beside it parse once more with the same names; write below (root). */
const profile = (samples: readonly number[]): CpuProfile => ({
  nodes: [
    { id: 1, callFrame: called('(root)'), children: [2, 6, 7] },
    { id: 2, callFrame: called('read', 'a.ts'), children: [3, 5] },
    { id: 3, callFrame: called('parse', 'b.ts'), children: [4] },
    { id: 4, callFrame: called('slice') },
    { id: 5, callFrame: called('parse', 'b.ts', 40) },
    { id: 6, callFrame: called('write', 'b.ts') },
    { id: 7, callFrame: called('(idle)') },
  ],
  samples,
});

describe('the tree of a profile', () => {
  it('counts a sample for who ran, and for all that had called it', () => {
    const root = treeOf(profile([4, 4, 3, 5, 6, 2]), plain, 0);
    expect(root).toMatchObject({ total: 6, self: 0 });
    const read = root.children.get('read a.ts');
    expect(read).toMatchObject({ total: 5, self: 1 });
    expect(read?.children.get('parse b.ts')).toMatchObject({ total: 4, self: 2 });
    expect(foldedOf(root, 1)).toEqual([
      'read a.ts 1',
      'read a.ts;parse b.ts 2',
      'read a.ts;parse b.ts;slice 2',
      'write b.ts 1',
    ]);
    expect(foldedOf(root, 2)).toHaveLength(2);
  });

  it('leaves out what the process waits, and calls what is left of its idle time the event loop', () => {
    const root = treeOf(profile([7, 7, 7, 7, 6]), plain, 0.4);
    expect(foldedOf(root, 1)).toEqual(['(event loop) 2', 'write b.ts 1']);
    expect(root.total).toBe(3);
    // More than V8 calls idle: the process had to wait for its core as well.
    expect(foldedOf(treeOf(profile([7, 7, 6]), plain, 0.9), 1)).toEqual(['write b.ts 1']);
    expect(treeOf(profile([]), plain, 0).total).toBe(0);
  });

  it('sums self time by any name, the most first', () => {
    const root = treeOf(profile([4, 4, 3, 5, 6, 2]), plain, 0);
    expect(selfBy(root, ({ file }) => file)).toEqual([
      ['b.ts', 3],
      ['', 2],
      ['a.ts', 1],
    ]);
  });

  it('refuses a sample of what is not there', () => {
    expect(() => treeOf(profile([9]), plain, 0)).toThrow('node 9');
  });

  it('loses no sample, and counts none twice', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 })), (samples) => {
        const root = treeOf(profile(samples), plain, 0);
        const summed = selfBy(root, ({ name }) => name).reduce((sum, [, count]) => sum + count, 0);
        expect(summed).toBe(samples.length);
        expect(root.total).toBe(samples.length);
      }),
    );
  });
});

const bundle = [
  'import { a } from "./b.js";',
  '// node/dist/listener/uws/server.js',
  '// a remark, and not a file.js',
  'function receive() {}',
  '// node_modules/lru-cache/dist/esm/index.js',
  'class LRUCache {}',
].join('\n');

describe('places', () => {
  it('knows the file of each line of a bundle', () => {
    expect(filesOfLines(bundle)).toEqual([
      undefined,
      ...Array.from({ length: 3 }, () => 'node/dist/listener/uws/server.js'),
      ...Array.from({ length: 2 }, () => 'node_modules/lru-cache/dist/esm/index.js'),
    ]);
  });

  it('names sources, packages and modules of Node.js, and reads a bundle once', () => {
    let reads = 0;
    const place = placesUnder('file:///weir/', () => {
      reads += 1;
      return bundle;
    });
    const at = (line: number): Place => place(called('f', 'file:///weir/node/dist/bundle/main.js', line));
    expect(at(3)).toEqual({ name: 'f', file: 'node/listener/uws/server.ts' });
    expect(at(5)).toEqual({ name: 'f', file: 'lru-cache/dist/esm/index.js' });
    expect(reads).toBe(1);
    expect(place(called('', 'file:///weir/bench/dist/proxy/floor-proxy.js', 9)).file).toBe(
      'bench/proxy/floor-proxy.ts',
    );
    expect(place(called('write', 'node:net', 9))).toEqual({ name: 'write', file: 'node:net' });
    expect(place(called('writev'))).toEqual({ name: 'writev', file: '' });
    expect(place(called('collect'))).toEqual({ name: 'cork', file: '' });
    expect(place(called('toString'))).toEqual({ name: 'toString', file: '' });
    expect(reads).toBe(1);
  });

  it.each([
    ['', 'node/listener/uws/server.ts', 'listener'],
    ['', 'node/layers/limit.ts', 'keys and limits'],
    ['', 'node/layers/hop-fields.ts', 'chain'],
    ['', 'node/upstream/transport/http1-turn.ts', 'transport'],
    ['', 'node/upstream/pools/pool.ts', 'balancing and health'],
    ['', 'proto/http/headers.ts', 'other code of Weir'],
    ['', 'lru-cache/dist/esm/index.js', 'packages'],
    ['', 'node:net', 'JavaScript of Node.js'],
    ['writev', '', 'calls into native code'],
    ['(event loop)', '', 'event loop: library, libuv, kernel'],
    ['(garbage collector)', '', 'garbage collection'],
  ])('%s %s: %s', (name, file, room) => expect(roomOf({ name, file })).toBe(room));
});

describe('the flame graph', () => {
  it('has a box for each place, with its share where the pointer rests', () => {
    const svg = flameOf(treeOf(profile([4, 4, 3, 5, 6, 2, 6, 6]), plain, 0), 'Title', 'sub');
    expect(svg).toContain('<title>read a.ts: 62.50 %, 5 samples</title>');
    expect(svg).toContain('<title>write b.ts: 37.50 %, 3 samples</title>');
    expect(svg).toContain('<title>slice: 25.00 %, 2 samples</title>');
    for (const room of rooms) expect(svg).toContain(`>${room}</text>`);
  });

  it('is the same for the same stacks, in whichever order they were met', () => {
    const samples = [4, 5, 6, 2, 3];
    const first = flameOf(treeOf(profile(samples), plain, 0), 'Title', '');
    expect(flameOf(treeOf(profile(samples.toReversed()), plain, 0), 'Title', '')).toBe(first);
  });

  it('leaves out what is too narrow to be seen', () => {
    const svg = flameOf(treeOf(profile([...Array.from({ length: 9_999 }, () => 6), 2]), plain, 0), 'Title', '');
    expect(svg).not.toContain('read a.ts');
    expect(svg).toContain('write b.ts');
  });

  it('is well-formed, whatever functions are called and also of nothing', () => {
    const odd = ({ url }: CallFrame): Place => ({ name: '<b>&"', file: url });
    for (const samples of [[], [4, 5, 6], [7]]) {
      expectWellFormed(flameOf(treeOf(profile(samples), odd, 0), 'a < b', '& "c"'));
    }
  });
});
