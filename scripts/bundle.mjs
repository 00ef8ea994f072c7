/**
 * Puts what a program loads at its start into few files: `node ../scripts/bundle.mjs`, in a workspace that is compiled.
 *
 *   dist/main.js, and all that it imports, of whichever workspace  ─▶  dist/bundle/main.js
 *   what is imported late                                          ─▶  dist/bundle/NAME-HASH.js, loaded late as before
 *
 * A start was mostly the finding, opening and linking of a thousand files: `weir up` took 3.1 s of CPU until both of its processes were
 * there, and takes 1.5; a node that comes back after a crash 0.5 in place of 1.3. Nothing is shortened, and a comment names the file that
 * each piece comes from, so that a stack trace can be read.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** Packages that every process of a kind loads. Others stay where they are: those with binaries, and the large ones that few snapshots need. */
const BUNDLED = new Set(JSON.parse(readFileSync(new URL('bundled.json', import.meta.url), 'utf8')));
/** Asked for by packages that are put together here, and done without where they are not installed. */
const OPTIONAL = new Set(['bufferutil', 'msgpackr-extract', 'utf-8-validate']);

const workspace = process.cwd();
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(workspace, 'dist', 'bundle');
const list = join(folder, 'files.json');

const isOwn = (path) => path.startsWith(root + sep) && !path.includes(`${sep}node_modules${sep}`);

function isOutside(id, importer) {
  if (importer === undefined || /^[./]/.test(id) || id.startsWith('@weir/')) return false;
  if (id.startsWith('node:') || OPTIONAL.has(id)) return true;
  return isOwn(importer) && !BUNDLED.has(id.split('/', id.startsWith('@') ? 2 : 1).join('/'));
}

/** Files that are looked for from where a module lies are found from there still. */
const places = {
  name: 'places',
  transform(code, id) {
    if (!isOwn(id) || !code.includes('import.meta.url')) return null;
    const place = JSON.stringify(relative(folder, id).split(sep).join('/'));
    return code.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`);
  },
};

function filesBefore() {
  try {
    return JSON.parse(readFileSync(list, 'utf8'));
  } catch {
    return []; // Nothing was put together here yet.
  }
}

mkdirSync(folder, { recursive: true });
const before = filesBefore();
const input = join(workspace, 'dist', 'main.js');
const made = await rolldown({ input, cwd: root, platform: 'node', external: isOutside, plugins: [places] });
const { output } = await made.write({ dir: folder, format: 'esm', chunkFileNames: '[name]-[hash].js' });
await made.close();
const files = output.map(({ fileName }) => fileName);
// A process that still runs what was here may have some of it to load.
const kept = new Set([...files, ...before, basename(list)]);
for (const file of readdirSync(folder)) if (!kept.has(file)) rmSync(join(folder, file));
writeFileSync(list, JSON.stringify(files));
