// Tests run against the sources: an import of @weir/<workspace>/<file>.js is that workspace's .ts file.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  resolve: {
    alias: [{ find: /^@weir\/(proto|node|control|deploy|bench|test)\/(.*)\.js$/, replacement: `${root}$1/$2.ts` }],
  },
  test: {
    include: ['{proto,node,control,deploy,bench,test}/**/*.test.ts'],
    exclude: ['**/dist/**', '**/node_modules/**'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 2,
    // The listener's head limit is read by the server library once, when the process starts.
    env: { UWS_HTTP_MAX_HEADERS_SIZE: '65536' },
  },
});
