/**
 * Second half of the launcher: installs packages and builds when that is needed, then becomes the real CLI.
 *
 * The CLI is imported and not spawned, so signals, the terminal, the exit code and the process id are its own, and
 * killing the launcher can't leave it behind. Everything said here goes to stderr: stdout belongs to the command.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installing, installStamp, isBuilt, isInstalled, lockHash, sourcesFingerprint } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { begunParts, presentPackages } from './progress.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const buildStamp = join(root, '.turbo', 'weir-build');
const cli = join(root, 'deploy', 'dist', 'bundle', 'main.js');

/** How often a step that takes long says that it is still at it. */
const STILL_EVERY_MS = 5_000;

const say = (text) => process.stderr.write(`weir: ${text}\n`);

function isFresh() {
  if (!isInstalled(root) || !isBuilt(root) || !existsSync(cli)) return false;
  try {
    return readFileSync(buildStamp, 'utf8') === sourcesFingerprint(root);
  } catch {
    return false;
  }
}

async function install(holding) {
  if (isInstalled(root)) return;
  mkdirSync(dirname(installing(root)), { recursive: true });
  writeFileSync(installing(root), '');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const done = await step('installing packages', npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    holding,
    progress: () => presentPackages(root),
  });
  if (!done) {
    say('the packages could not be installed (npm ci failed, its own words are above).');
    say(
      'Is the registry reachable? `npm ping` tells, `npm config get registry` names it; behind a proxy set HTTPS_PROXY.',
    );
    say('When package.json and package-lock.json disagree, run `npm install`. Then start ./weir again.');
    say('When an earlier install was broken off (ENOTEMPTY), remove the folder node_modules first.');
    throw new LaunchFailed();
  }
  writeFileSync(installStamp(root), lockHash(root));
  rmSync(installing(root), { force: true });
}

async function build(holding) {
  // Taken before the compiler reads the sources: an edit during the build is seen as one by the next launch.
  const fingerprint = sourcesFingerprint(root);
  const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo');
  const sinceMs = Date.now();
  const done = await step('building', process.execPath, [turbo, 'run', 'build', '--output-logs=errors-only'], {
    holding,
    env: { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
    progress: () => begunParts(root, sinceMs),
  });
  if (!done) {
    say('the build failed; the compiler says why above.');
    throw new LaunchFailed();
  }
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, fingerprint);
}

/** Runs one step, quiet unless it fails or takes long. True when it ended with exit code 0. */
async function step(what, command, args, { holding, env = {}, progress }) {
  const startedAtMs = Date.now();
  const seconds = () => ((Date.now() - startedAtMs) / 1000).toFixed(0);
  say(`${what} …`);
  const still = setInterval(() => say(`${what} … ${seconds()} s, ${progress()}`), STILL_EVERY_MS);
  const output = [];
  const code = await new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    holding(child.pid);
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => {
      output.push(Buffer.from(`${command}: ${error.message}\n`));
      resolve(1);
    });
    child.on('close', resolve);
  });
  clearInterval(still);
  holding(undefined);
  if (code === 0) say(`${what}: done in ${seconds()} s`);
  else process.stderr.write(Buffer.concat(output));
  return code === 0;
}

/** Install or build failed, and was explained. */
class LaunchFailed extends Error {}

async function launch() {
  // An image that was built elsewhere ships dist without sources or package manager.
  if (process.env.WEIR_PREBUILT !== '1' && !isFresh()) {
    const onWait = (pid) =>
      say(`another launch${pid === null ? '' : ` (process ${pid})`} is installing or building; waiting for it …`);
    await withLock(join(root, '.turbo', 'weir-launch.lock'), onWait, async (holding) => {
      if (isFresh()) return;
      await install(holding);
      await build(holding);
    });
  }
  process.argv[1] = cli;
  await import(pathToFileURL(cli).href);
}

try {
  await launch();
} catch (error) {
  // Whatever is read first fails first, and where that is does not matter to anybody.
  if (error?.code === 'EMFILE' || error?.code === 'ENFILE')
    say('too few files may be open here; raise the limit: `ulimit -n 4096`, or LimitNOFILE= in a systemd unit.');
  else if (!(error instanceof LaunchFailed)) throw error;
  // Whoever reads only the last line of a test run must not take a failed build for a run without failures.
  if (process.argv[2] === 'test') process.stdout.write('0 passed, 1 failed\n');
  process.exitCode = 1;
}
