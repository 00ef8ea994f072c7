import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { whyNotFree } from './port-owner.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function listen(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    servers.push(server);
    server.once('error', reject);
    server.listen({ host, port: 0 }, () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : 0);
    });
  });
}

describe('whyNotFree', () => {
  it('names the process that holds the port, where the system tells', async () => {
    const port = await listen('127.0.0.1');
    const why = await whyNotFree({ host: '127.0.0.1', port }, 'traffic');
    expect(why).toMatch(new RegExp(`^traffic: .*127\\.0\\.0\\.1:${port}.* in use`));
    if (existsSync('/proc/net/tcp')) expect(why).toContain(String(process.pid));
  });

  it('finds a free port free, and leaves it so', async () => {
    const port = await listen('127.0.0.1');
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await whyNotFree({ host: '127.0.0.1', port }, 'traffic')).toBeNull();
    expect(await whyNotFree({ host: '127.0.0.1', port }, 'traffic')).toBeNull();
    expect(await whyNotFree({ host: '127.0.0.1', port: 0 }, 'traffic')).toBeNull();
  });

  it('says when the machine does not have the address', async () => {
    expect(await whyNotFree({ host: '192.0.2.1', port: 8080 }, 'metrics')).toBe(
      'metrics: this machine has no address 192.0.2.1',
    );
  });
});
