/** A node whose process lives while it does not do its work: hung, or kept from serving what it served before. */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ControlStatus } from '@weir/control/api/control-status.js';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { askAdmin } from '../../support/admin.js';
import {
  answering,
  buildFirst,
  cleanUp,
  freeAddress,
  get,
  LONG_MS,
  newFolder,
  runWeir,
  startWeir,
  type WeirProcess,
  waitFor,
} from './weir-process.js';

beforeAll(buildFirst, 4 * LONG_MS);
afterEach(cleanUp);

async function nodePid(weir: WeirProcess): Promise<number> {
  const status = (await (await askAdmin(`${weir.admin}/status`)).json()) as ControlStatus; // Our own API of the same build.
  return status.nodes[0]?.pid ?? 0;
}

const untilBody = (url: string, body: string): Promise<void> =>
  expect.poll(() => get(url), { timeout: LONG_MS, interval: 20 }).toBe(body);

const statusCode = async (weir: WeirProcess) => (await runWeir(['status', '--admin', weir.admin], weir.folder)).code;

/** Port 0 would be another one at each start. */
const onFixedPort = async (config: string): Promise<string> => config.replace('127.0.0.1:0', await freeAddress());

describe('a node that lives and does not serve', { timeout: LONG_MS }, () => {
  it('is given its snapshot again until its port is free', async () => {
    const weir = await startWeir(await onFixedPort(answering('hello')));
    const { port } = new URL(weir.traffic);
    // Without an exclusive hold on the moment between two processes, the first is stopped while the port is taken.
    const pid = await nodePid(weir);
    const squatter = createServer((socket) => socket.destroy());
    const taken = new Promise<void>((resolve) => {
      const take = (): void => void squatter.listen(Number(port), '127.0.0.1');
      squatter.once('listening', resolve);
      squatter.on('error', () => setImmediate(take));
      take();
    });
    process.kill(pid, 'SIGKILL');
    await taken;
    await waitFor(() => weir.said().includes('it is tried until it runs'), weir.said);
    expect(await statusCode(weir)).toBe(3);
    squatter.close();
    await untilBody(weir.traffic, 'hello');
    await waitFor(() => weir.said().includes('the node serves again'), weir.said);
    expect(await statusCode(weir)).toBe(0);
  });

  it('is given its snapshot again until its log can be opened', async () => {
    const folder = join(newFolder(), 'logs');
    mkdirSync(folder);
    const logging = `accessLog: { destination: ${JSON.stringify(join(folder, 'access.log'))} }`;
    const weir = await startWeir(
      await onFixedPort(answering('hello').replace('accessLog: { enabled: false }', logging)),
    );
    renameSync(folder, `${folder}.away`);
    process.kill(await nodePid(weir), 'SIGKILL');
    await waitFor(() => weir.said().includes('it is tried until it runs'), weir.said);
    mkdirSync(folder);
    await untilBody(weir.traffic, 'hello');
    rmSync(`${folder}.away`, { recursive: true });
  });

  it('is told of, and killed and started again, when it hangs', async () => {
    const weir = await startWeir(await onFixedPort(answering('hello')));
    process.kill(await nodePid(weir), 'SIGSTOP');
    await waitFor(() => weir.said().includes('has not been heard from'), weir.said);
    expect(await statusCode(weir)).toBe(3);
    await waitFor(() => weir.said().includes('the node is back'), weir.said);
    await untilBody(weir.traffic, 'hello');
  });
});
