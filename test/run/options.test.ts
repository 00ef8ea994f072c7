import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAILY_SEED, readSeed } from '../support/seed.js';
import { readOptions } from './options.js';

describe('the options of weir test', () => {
  it('are patterns, in their order, with what the test runner understands', () => {
    expect(readOptions(['node/time', '-t', 'wheel'], undefined)).toEqual({
      kind: 'run',
      patterns: ['node/time', '-t', 'wheel'],
      seed: DAILY_SEED,
    });
  });

  it('take a seed, before that of the environment', () => {
    for (const args of [
      ['--seed', '7', 'a'],
      ['a', '--seed=7'],
      ['--seed', 'random', '--seed', '7', 'a'],
    ]) {
      expect(readOptions(args, '8')).toEqual({ kind: 'run', patterns: ['a'], seed: 7 });
    }
    expect(readOptions([], '8')).toMatchObject({ seed: 8 });
    expect(readOptions([], '')).toMatchObject({ seed: DAILY_SEED });
    expect(readOptions(['--seed', 'random'], undefined)).toMatchObject({ seed: 'random' });
  });

  it('name a mistake', () => {
    for (const args of [
      ['--seed', 'x'],
      ['--seed=1.5'],
      ['--seed', '1e3'],
      ['--seed', '2147483648'],
      ['--tools', 'a'],
    ]) {
      expect(readOptions(args, undefined)).toMatchObject({ kind: 'mistake' });
    }
    expect(readOptions([], 'often')).toEqual({
      kind: 'mistake',
      text: 'a seed is `random` or a whole number, not `often`',
    });
  });

  it('ask for help, or for the tools alone', () => {
    expect(readOptions(['a', '-h'], undefined)).toEqual({ kind: 'help' });
    expect(readOptions(['--help', '--seed', 'x'], undefined)).toEqual({ kind: 'help' });
    expect(readOptions(['--tools'], undefined)).toEqual({ kind: 'tools' });
  });
});

describe('the seed of the properties', () => {
  it('is read back as it was written, whatever fast-check prints', () => {
    fc.assert(fc.property(fc.integer(), (seed) => readSeed(String(seed)) === seed));
  });

  it('holds for every property that names none, so that two runs see the same', () => {
    const seen = (): unknown[] => {
      const values: unknown[] = [];
      fc.assert(fc.property(fc.integer(), (value) => void values.push(value)));
      return values;
    };
    expect(seen()).toEqual(seen());
    expect(fc.readConfigureGlobal()).toMatchObject({ seed: Number(process.env['WEIR_SEED']) });
    expect(fc.sample(fc.integer(), { numRuns: 5, seed: 1 })).not.toEqual(
      fc.sample(fc.integer(), { numRuns: 5, seed: 2 }),
    );
  });
});
