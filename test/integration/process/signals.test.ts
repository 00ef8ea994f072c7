/** The signals that `weir up` documents, and those that people send it because other servers take them. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  answering,
  anyPorts,
  buildFirst,
  cleanUp,
  get,
  LONG_MS,
  newFolder,
  spawnWeir,
  startWeir,
  waitFor,
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

describe('the signals of weir up', { timeout: LONG_MS }, () => {
  it.each(['SIGUSR2', 'SIGUSR1'] as const)('%s to the parent rotates the log, and stops nothing', async (signal) => {
    const log = join(newFolder(), 'access.log');
    const logging = `accessLog: { destination: ${JSON.stringify(log)} }`;
    const weir = await startWeir(answering('hello').replace('accessLog: { enabled: false }', logging));
    await get(`${weir.traffic}/before`);
    await waitFor(() => contentOf(log).includes('/before'), weir.said);
    renameSync(log, `${log}.1`);
    weir.child.kill(signal);
    await waitFor(() => weir.said().includes('access log opened anew'), weir.said);
    expect(await get(`${weir.traffic}/after`)).toBe('hello');
    await waitFor(() => contentOf(log).includes('/after'), weir.said);
    expect(weir.said()).not.toContain('Debugger');
  });

  it('SIGUSR2 stops nothing where no log is kept', async () => {
    const weir = await startWeir(answering('hello'));
    weir.child.kill('SIGUSR2');
    await waitFor(() => weir.said().includes('access log opened anew'), weir.said);
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
        .some((child) => contentOf(`/proc/${child}/cmdline`).includes('node/dist/main.js'));
    await waitFor(() => hasNode() || weir.hasExited(), weir.said);
    weir.child.kill('SIGHUP');
    await waitFor(() => weir.said().includes('config accepted (SIGHUP)') || weir.hasExited(), weir.said);
    weir.child.kill('SIGTERM');
    expect(await weir.exited).toBe(0);
  });
});
