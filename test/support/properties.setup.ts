/** Before each test file: all properties of fast-check start from the seed of this run (vitest.config.ts has chosen it). */
import fc from 'fast-check';
import { readSeed } from './seed.js';

const seed = readSeed(process.env['WEIR_SEED']);
if (typeof seed !== 'number') throw new Error(`WEIR_SEED reached the tests as ${process.env['WEIR_SEED']}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
