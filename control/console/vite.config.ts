/**
 * Builds the console into `dist/web`: files with hashed names, each beside its gzip and brotli form, so that control only
 * hands out bytes (control/api/console-files.ts). Everything comes from this folder and its packages; no other host is named.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const outDir = fileURLToPath(new URL('./dist/web', import.meta.url));
/** A smaller file is as long compressed as it was. */
const COMPRESS_FROM_BYTES = 512;

export default defineConfig({
  base: '/',
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    outDir,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Bytes that are sent are bounded by a test, all together.
    chunkSizeWarningLimit: 1_000,
    target: 'es2023',
    // Marks of server components, which mean nothing here.
    rolldownOptions: {
      onwarn: (warning, tell) => (warning.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : tell(warning)),
      output: {
        // What each visit needs is one file, and not one for each set of pages that share something: sixteen took longer to be asked for than to be read.
        codeSplitting: {
          groups: [
            {
              debugName: 'what is always there',
              name: (id, of) => (isAlwaysThere(id, (module) => of.getModuleInfo(module)) ? 'console' : null),
            },
          ],
        },
      },
    },
  },
  plugins: [compressed()],
});

type Look = (id: string) => { readonly isEntry: boolean; readonly importers: readonly string[] } | null;

/** By module, whether the entry imports it without waiting for it, itself or by others; false while that is found out, so that a circle ends. */
const alwaysThere = new Map<string, boolean>();

function isAlwaysThere(id: string, look: Look): boolean {
  const known = alwaysThere.get(id);
  if (known !== undefined) return known;
  alwaysThere.set(id, false);
  const info = look(id);
  const isThere = info?.isEntry === true || (info?.importers.some((by) => isAlwaysThere(by, look)) ?? false);
  alwaysThere.set(id, isThere);
  return isThere;
}

/** The page itself has a nonce put in by control, and stays as it is. */
function compressed(): Plugin {
  return {
    name: 'weir-compressed',
    apply: 'build',
    closeBundle() {
      const folder = join(outDir, 'assets');
      for (const name of readdirSync(folder)) {
        const bytes = readFileSync(join(folder, name));
        if (bytes.length < COMPRESS_FROM_BYTES) continue;
        writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params }));
      }
    },
  };
}
