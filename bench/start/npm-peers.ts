/** Peers that come from npm: installed once, outside of the workspaces, for nobody but a comparison needs them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Exact versions by name. */
export type Packages = Readonly<Record<string, string>>;

/** Where they are once they are installed: another version has another folder. */
export function folderOf(packages: Packages): string {
  const names = Object.entries(packages).map(
    ([name, version]) => `${name.replace(/^@/, '').replace('/', '-')}-${version}`,
  );
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir-bench', names.join('+'));
}

/** Installs what is not there yet. Throws, with what npm said, where it can't be had. */
export function installPackages(packages: Packages, say: (text: string) => void): void {
  const folder = folderOf(packages);
  const missing = (): string[] =>
    Object.entries(packages)
      .filter(([name, version]) => !isThere(folder, name, version))
      .map(([name]) => name);
  if (missing().length === 0) return;
  const specs = specsOf(packages);
  say(`installing ${specs.join(', ')} into ${folder} …`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  // Scripts of strangers are not run; none of them needs any.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', ...options, ...specs], { cwd: folder, stdio: 'pipe' });
  if (missing().length > 0) throw new Error(`${missing().join(', ')}: not in ${folder} after npm install`);
}

const specsOf = (packages: Packages): string[] =>
  Object.entries(packages).map(([name, version]) => `${name}@${version}`);

function isThere(folder: string, name: string, version: string): boolean {
  const manifest = join(folder, 'node_modules', name, 'package.json');
  return existsSync(manifest) && readFileSync(manifest, 'utf8').includes(`"version": "${version}"`);
}
