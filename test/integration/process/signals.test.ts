/** The signals that `weir up` documents, and those that people send it because other servers take them. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { rememberAdmin } from '../../support/admin.js';
import {
  answering,
  anyPorts,
  buildFirst,
  cleanUp,
  freeAddress,
  get,
  LONG_MS,
  newFolder,
  spawnWeir,
  startWeir,
  waitFor,
  weirProgram,
} from './weir-process.js';

beforeAll(buildFirst, 4 * LONG_MS);
afterEach(cleanUp);

const contentOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

describe('a reader of stderr that has stopped', { timeout: LONG_MS }, () => {
  it('holds up neither traffic nor the end', async () => {
    const folder = newFolder();
    const config = join(folder, 'weir.yaml');
    const [traffic, admin] = [await freeAddress(), await freeAddress()];
    writeFileSync(config, answering('hello').replace('127.0.0.1:0', traffic));
    // A pipe proper, which holds 64 KiB; what `spawn` makes is a pair of sockets, and holds more. Nobody reads it.
    const fifo = join(folder, 'stderr');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(fifo, 'w');
    rememberAdmin(`http://${admin}`, join(folder, 's'));
    const args = ['up', '--config', config, '--data', join(folder, 's'), '--admin', admin, '--metrics', '127.0.0.1:0'];
    const child = spawn(weirProgram, args, { cwd: folder, stdio: ['ignore', 'ignore', writer] });
    try {
      await expect.poll(() => get(`http://${traffic}`), { timeout: LONG_MS }).toBe('hello');
      const publishedAt = async () =>
        /"publish":\{[^}]*"atWallMs":(\d+)/.exec(await get(`http://${admin}/status`))?.[1];
      await expect.poll(publishedAt, { timeout: LONG_MS }).toBeDefined();
      writeFileSync(
        config,
        `nothing: 1\n${Array.from({ length: 190 }, (_, i) => `key-without-meaning-${i}: 1\n`).join('')}`,
      );
      for (let i = 0; i < 12; i += 1) {
        const before = await publishedAt();
        child.kill('SIGHUP');
        await expect.poll(publishedAt, { timeout: LONG_MS }).not.toBe(before);
      }
      expect(await get(`http://${traffic}`)).toBe('hello');
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      expect(await exited).toBe(0);
    } finally {
      child.kill('SIGKILL');
      for (const end of [reader, writer]) closeSync(end);
    }
  });
});

describe('the signals of weir up', { timeout: LONG_MS }, () => {
  it.each(['SIGUSR2', 'SIGUSR1'] as const)('%s to the parent rotates the log, and stops nothing', async (signal) => {
    const log = join(newFolder(), 'access.log');
    const logging = `accessLog: { destination: ${JSON.stringify(log)} }`;
    const weir = await startWeir(answering('hello').replace('accessLog: { enabled: false }', logging));
    await get(`${weir.traffic}/before`);
    await waitFor(() => contentOf(log).includes('/before'), weir.said);
    renameSync(log, `${log}.1`);
    weir.child.kill(signal);
    await waitFor(() => weir.said().includes('opens its access log anew'), weir.said);
    expect(await get(`${weir.traffic}/after`)).toBe('hello');
    await waitFor(() => contentOf(log).includes('/after'), weir.said);
    expect(weir.said()).not.toContain('Debugger');
  });

  it('SIGUSR2 stops nothing where no log is kept', async () => {
    const weir = await startWeir(answering('hello'));
    weir.child.kill('SIGUSR2');
    await waitFor(() => weir.said().includes('opens its access log anew'), weir.said);
    expect(await get(weir.traffic)).toBe('hello');
    weir.child.kill('SIGTERM');
    expect(await weir.exited).toBe(0);
  });

  it('SIGHUP during the start is a reload after it', async () => {
    const folder = newFolder();
    const config = join(folder, 'weir.yaml');
    writeFileSync(config, answering('hello'));
    const weir = spawnWeir(['up', '--config', config, '--data', join(folder, 's'), ...anyPorts], folder);
    const { pid } = weir.child;
    // The node process is started with the first snapshot, well before all is up.
    const hasNode = (): boolean =>
      contentOf(`/proc/${pid}/task/${pid}/children`)
        .trim()
        .split(' ')
        .some((child) => contentOf(`/proc/${child}/cmdline`).includes('node/dist/bundle/main.js'));
    await waitFor(() => hasNode() || weir.hasExited(), weir.said);
    weir.child.kill('SIGHUP');
    await waitFor(() => weir.said().includes('config accepted (SIGHUP)') || weir.hasExited(), weir.said);
    weir.child.kill('SIGTERM');
    expect(await weir.exited).toBe(0);
  });
});
