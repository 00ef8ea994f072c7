// Tests run against the sources: an import of @weir/<workspace>/<file>.js is that workspace's .ts file.
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';
import { DAILY_SEED, readSeed } from './test/support/seed.js';

const root = fileURLToPath(new URL('.', import.meta.url));

const notOurs = ['**/dist/**', '**/node_modules/**'];

/** Tests that stand beside what they test: each leaves its process as it was, and so needs none of its own. */
const BESIDE = ['{proto,node,control,deploy}/**/*.test.ts', 'bench/**/*.test.ts'];
/** These have a process each: they measure its memory, or leave much in it (micro-benchmarks hold a hundred thousand keys). */
const ALONE = [
  'bench/layers/subjects.test.ts',
  'test/conformance/listener/uws.test.ts',
  'test/integration/cache-l2/outages.test.ts',
  'test/integration/gateway/tunnel-messages.test.ts',
];

export default defineConfig({
  resolve: {
    alias: [{ find: /^@weir\/(proto|node|control|deploy|bench|test)\/(.*)\.js$/, replacement: `${root}$1/$2.ts` }],
  },
  test: {
    projects: [
      // Six hundred files of a moment each: two processes run them one after the other, where one for each would take minutes.
      {
        extends: true,
        test: {
          name: 'units',
          include: BESIDE,
          exclude: [...notOurs, ...ALONE],
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      // A third of what each of these took was the import of a thousand modules: processes are shared here too. They wait for processes,
      // timers and sockets a quarter of their time, so there is room for one more beside two.
      {
        extends: true,
        test: {
          name: 'house',
          include: ['test/**/*.test.ts'],
          exclude: [...notOurs, ...ALONE, 'test/tidy/**', 'test/integration/load/**'],
          isolate: false,
          maxWorkers: 3,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, exclude: notOurs, maxWorkers: 3 } },
      // These look at waits under load, which a third neighbour would make.
      {
        extends: true,
        test: { name: 'load', include: ['test/integration/load/**/*.test.ts'], sequence: { groupOrder: 2 } },
      },
      { extends: true, test: { name: 'tidy', include: ['test/tidy/**/*.test.ts'], sequence: { groupOrder: 3 } } },
    ],
    exclude: notOurs,
    testTimeout: 60_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    setupFiles: ['test/support/environment.setup.ts', 'test/support/properties.setup.ts'],
    env: {
      // The listener's head limit is read by the server library once, when the process starts.
      UWS_HTTP_MAX_HEADERS_SIZE: '65536',
      WEIR_SEED: String(seedOfRun()),
    },
  },
});

/** One for all files, said where it is not the seed of every day, so that the whole run can be replayed. */
function seedOfRun(): number {
  const asked = process.env['WEIR_SEED'];
  const read = readSeed(asked);
  if (read === null) throw new Error(`WEIR_SEED is \`random\` or a whole number, not \`${asked}\``);
  const seed = read === 'random' ? randomInt(2 ** 31) : read;
  if (seed !== DAILY_SEED) console.log(`properties begin at seed ${seed}: WEIR_SEED=${seed} runs the same examples`);
  return seed;
}
