/**
 * Copies from a built clone what a machine needs to run Weir, and no more: node deploy/docker/prune.mjs FROM TO
 *
 *   workspaces    package.json and the bundles (scripts/bundle.mjs), with the programs of the demo; the built console
 *   packages      what these load, without types, maps, pages for people, and binaries for other machines than this one; of those
 *                 that are in the bundles the licences
 *
 * Run it with the Node.js that is to run the result: binaries are chosen by its version. Licences are kept.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

const WORKSPACES = ['proto', 'node', 'control', 'deploy'];
const PROGRAMS = ['node', 'deploy'];
/** What of them is run as it was compiled, beside the bundles: processes of the demo, which load nothing from elsewhere. */
const AS_COMPILED = [join('deploy', 'dist', 'demo')];
/** Files for browsers: bytes alone, without packages. */
const CONSOLE = join('control', 'console', 'dist', 'web');
const USELESS = /\.(?:map|md|markdown|ts|mts|cts|gyp|c|cc|cpp|h|flow|tsbuildinfo)$|^(?:\.package-lock\.json|Makefile)$/;
const LICENCE = /^(?:licen[cs]e|notice|copying)/i;
const OF_TESTS = /\.test\.js$/;
/** For bundlers; Node.js loads the same from `build/src`. */
const OF_BUNDLERS = ['build/esm', 'build/esnext'];
/** Parts of packages that only their makers need, or nobody here. */
const UNUSED = new Map([
  ['uWebSockets.js', new Set(['docs', 'examples', 'misc', 'mvp', 'scripts', 'src', 'tests', 'build.c', 'logo.svg'])],
  ['bintrees', new Set(['dist', 'examples', 'test'])],
  ['lmdb', new Set(['dependencies', 'src', 'rollup.config.js'])],
  ['gpt-tokenizer', new Set(['cjs', 'data', 'src'])],
]);

const { platform, arch, versions } = process;
const isMusl = platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined;

const [from, to] = process.argv.slice(2).map((path) => resolve(path));
if (from === undefined || to === undefined || existsSync(to)) {
  process.stderr.write('prune.mjs FROM TO: a built clone, and a folder that is not there yet\n');
  process.exit(1);
}
for (const workspace of WORKSPACES) copyWorkspace(workspace);
cpSync(join(from, CONSOLE), join(to, CONSOLE), { recursive: true });
const roots = WORKSPACES.map((workspace) => join(from, workspace));
const bundled = new Set(JSON.parse(readFileSync(join(from, 'scripts', 'bundled.json'), 'utf8')));
const loaded = packagesOf(roots, bundled);
for (const folder of packagesOf(roots, new Set())) copyPackage(folder, loaded.has(folder));
mkdirSync(join(to, 'node_modules', '@weir'), { recursive: true });
for (const workspace of WORKSPACES)
  symlinkSync(join('..', '..', workspace), join(to, 'node_modules', '@weir', workspace));
for (const file of ['LICENSE', 'package.json', 'deploy/docker/healthcheck.mjs'])
  cpSync(join(from, file), join(to, file));
chmodSync(join(to, 'deploy', 'dist', 'bundle', 'main.js'), 0o755);

function copyWorkspace(workspace) {
  if (PROGRAMS.includes(workspace)) copyBundle(join(workspace, 'dist', 'bundle'));
  for (const path of AS_COMPILED.filter((path) => path.startsWith(workspace + sep)))
    cpSync(join(from, path), join(to, path), {
      recursive: true,
      filter: (file) => !USELESS.test(file) && !OF_TESTS.test(file),
    });
  cpSync(join(from, workspace, 'package.json'), join(to, workspace, 'package.json'));
}

/** What was built last: beside it there are files of the build before. */
function copyBundle(folder) {
  const list = join(from, folder, 'files.json');
  if (!existsSync(list)) throw new Error(`${folder} is not built`);
  for (const file of JSON.parse(readFileSync(list, 'utf8'))) cpSync(join(from, folder, file), join(to, folder, file));
}

/** Folders of all packages that these stand on but for some of their own, looked for as Node.js does: beside, then in each folder above. */
function packagesOf(roots, without) {
  const found = new Set();
  const waiting = [...roots];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const optional = { ...about.optionalDependencies, ...optionalPeers(about) };
    for (const name of Object.keys({ ...about.dependencies, ...about.peerDependencies, ...optional })) {
      if (name.startsWith('@weir/') || (roots.includes(folder) && without.has(name))) continue;
      const at = placeOf(name, folder);
      if (at === null && !(name in optional)) throw new Error(`${name}, which ${about.name} needs, is not installed`);
      if (at === null || found.has(at)) continue;
      found.add(at);
      waiting.push(at);
    }
  }
  return found;
}

function optionalPeers({ peerDependenciesMeta = {} }) {
  return Object.fromEntries(Object.entries(peerDependenciesMeta).filter(([, { optional }]) => optional === true));
}

function placeOf(name, folder) {
  for (let at = folder; at.startsWith(from); at = dirname(at)) {
    const candidate = join(at, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  return null;
}

function copyPackage(folder, isLoaded) {
  const path = relative(from, folder);
  const name = path.slice(path.lastIndexOf(`node_modules${sep}`) + `node_modules${sep}`.length);
  const unused = UNUSED.get(name) ?? new Set(name.startsWith('@opentelemetry/') ? OF_BUNDLERS : []);
  cpSync(folder, join(to, path), {
    recursive: true,
    filter(source) {
      const inside = relative(folder, source);
      // Packages inside of this one are copied by their own names, where they are needed.
      if (inside.split(sep).includes('node_modules') || unused.has(inside.split(sep).join('/'))) return false;
      const file = basename(source);
      if (!isLoaded)
        return inside === '' || (dirname(inside) === '.' && (LICENCE.test(file) || file === 'package.json'));
      if (file.endsWith('.node')) return isOfThisMachine(name, file, readdirSync(dirname(source)));
      return LICENCE.test(file) || !USELESS.test(file);
    },
  });
}

/** `uws_linux_x64_115.node`, `node.abi115.glibc.node`, `node.napi.musl.node`. Packages of other platforms are not installed at all. */
function isOfThisMachine(name, file, beside) {
  if (name === 'uWebSockets.js') return file === `uws_${platform}_${arch}_${versions.modules}.node`;
  const libc = /\.(glibc|musl)\./.exec(file)?.[1];
  if (libc !== undefined && (libc === 'musl') !== isMusl) return false;
  const abi = /\.abi(\d+)\./.exec(file)?.[1];
  if (abi !== undefined) return abi === versions.modules;
  // What fits every version is needed where none fits this one.
  return !beside.some(
    (other) => other.includes(`.abi${versions.modules}.`) && (libc === undefined || other.includes(libc)),
  );
}
