import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeClock, fakeTimers } from '../pipeline/testing/harness.js';
import { BATCH_BYTES, BUFFER_BYTES, FLUSH_MS, openLog, RETRY_MS } from './log-writer.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(destination: string) {
  const clock = fakeClock();
  return { clock, log: openLog(destination, fakeTimers(clock)) };
}

const line = (i: number, length = 10) => `${String(i).padEnd(length - 1, '.')}\n`;

describe('the log writer', () => {
  it('writes lines in order, batched, and the last of them when it is closed', async () => {
    const path = join(folder, 'access.log');
    const { log } = open(path);
    let expected = '';
    for (let i = 0; i < 20_000; i += 1) {
      log.write(line(i));
      expected += line(i);
    }
    await log.close();
    expect(readFileSync(path, 'latin1')).toBe(expected);
    expect(log.counts()).toEqual({ written: 20_000, dropped: 0, trouble: null });
  });

  it('lets no line wait for others longer than the flush time', async () => {
    const path = join(folder, 'access.log');
    const { clock, log } = open(path);
    log.write('one\n');
    clock.advance(FLUSH_MS - 1);
    expect(statSync(path).size).toBe(0);
    clock.advance(1);
    await vi.waitFor(() => expect(readFileSync(path, 'latin1')).toBe('one\n'));
    await log.close();
  });

  it('takes a line that is longer than a batch', async () => {
    const path = join(folder, 'access.log');
    const { log } = open(path);
    log.write('a\n');
    log.write(line(1, BATCH_BYTES * 2));
    log.write('b\n');
    await log.close();
    expect(readFileSync(path, 'latin1')).toBe(`a\n${line(1, BATCH_BYTES * 2)}b\n`);
  });

  it('writes a short line behind what was written before it, in the memory of a batch that is used again', async () => {
    const path = join(folder, 'access.log');
    const { clock, log } = open(path);
    let expected = '';
    for (let i = 0; i < 20; i += 1) {
      for (const length of [40_000, 10]) {
        log.write(line(i, length));
        expected += line(i, length);
      }
      clock.advance(FLUSH_MS);
      await vi.waitFor(() => expect(statSync(path).size).toBe(expected.length));
    }
    await log.close();
    expect(readFileSync(path, 'latin1')).toBe(expected);
  });

  it('holds a bounded number of bytes and counts what it drops', async () => {
    const { log } = open(join(folder, 'access.log'));
    const lines = Math.ceil((2 * BUFFER_BYTES) / 1_000);
    for (let i = 0; i < lines; i += 1) log.write(line(i, 1_000));
    const { dropped } = log.counts();
    expect(dropped).toBeGreaterThan(lines / 3);
    expect(dropped).toBeLessThan((2 * lines) / 3);
    await log.close();
    expect(log.counts()).toMatchObject({ written: lines - dropped, dropped });
  });

  it('loses what a full disk does not take, counts it, and tries again', async () => {
    const { clock, log } = open('/dev/full');
    log.write('lost\n');
    clock.advance(FLUSH_MS);
    await vi.waitFor(() => expect(log.counts()).toEqual({ written: 0, dropped: 1, trouble: 'ENOSPC' }));
    log.write('lost too\n');
    clock.advance(RETRY_MS);
    await vi.waitFor(() => expect(log.counts().dropped).toBe(2));
    log.write('lost at last\n');
    await log.close();
    expect(log.counts()).toEqual({ written: 0, dropped: 3, trouble: 'ENOSPC' });
    log.write('after the end\n');
    expect(log.counts().dropped).toBe(4);
  });

  it('goes on in a new file when it is told that the old one was moved', async () => {
    // Other files of this process may have logs that are open.
    const listening = process.listenerCount('SIGUSR2');
    const path = join(folder, 'access.log');
    const { log } = open(path);
    expect(process.listenerCount('SIGUSR2')).toBe(listening + 1);
    log.write('old\n');
    log.reopen();
    await vi.waitFor(() => expect(readFileSync(path, 'latin1')).toBe('old\n'));
    renameSync(path, `${path}.1`);
    process.emit('SIGUSR2');
    log.write('new\n');
    await log.close();
    expect([readFileSync(`${path}.1`, 'latin1'), readFileSync(path, 'latin1')]).toEqual(['old\n', 'new\n']);
    expect(process.listenerCount('SIGUSR2')).toBe(listening);
  });

  it('refuses a destination that cannot be opened', () => {
    expect(() => open(join(folder, 'missing', 'access.log'))).toThrow('ENOENT');
  });
});

/** A process that logs to its stdout and then does as it is told. Types are stripped by the runner of the tests. */
function child(destination: string, script: string) {
  const source = `
    import { createServer } from 'vite';
    const vite = await createServer({ root: ${JSON.stringify(process.cwd())}, configFile: false, server: { middlewareMode: true, hmr: false, ws: false, watch: null }, appType: 'custom', logLevel: 'silent', optimizeDeps: { noDiscovery: true } });
    const { openLog } = await vite.ssrLoadModule('/node/observe/log-writer.ts');
    const timers = { create: (fire) => { let t; return { arm(ms) { clearTimeout(t); t = setTimeout(fire, ms); }, cancel() { clearTimeout(t); } }; } };
    const log = openLog(${JSON.stringify(destination)}, timers);
    ${script}`;
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('the log of a process that ends', () => {
  it('has every line, though nobody closed it', async () => {
    const process_ = child(
      'stdout',
      `for (let i = 0; i < 100; i += 1) log.write('line ' + i + '\\n'); process.exit(0);`,
    );
    let out = '';
    process_.stdout.on('data', (chunk) => {
      out += chunk;
    });
    const code = await new Promise((resolve) => process_.on('close', resolve));
    expect([code, out.split('\n').length, out.endsWith('line 99\n')]).toEqual([0, 101, true]);
  });

  it('does not keep it from ending when the disk is full', async () => {
    const process_ = child('/dev/full', `log.write('lost\\n'); process.exit(7);`);
    expect(await new Promise((resolve) => process_.on('close', resolve))).toBe(7);
  });

  it('drops what a reader that has gone away does not take, and the process lives on', async () => {
    const process_ = child(
      'stdout',
      `setInterval(() => { log.write('x\\n'); const c = log.counts(); if (c.dropped > 0) { process.stderr.write('dropped'); process.exit(3); } }, 20);`,
    );
    process_.stdout.destroy();
    let err = '';
    process_.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const code = await new Promise((resolve) => process_.on('close', resolve));
    expect([code, err]).toEqual([3, 'dropped']);
  });
});
