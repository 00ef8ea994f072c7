import { Agent } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from './client.js';
import { createSampleServer, type SampleServer } from './sample-server.js';
import { type Behaviour, seededRandom } from './schedule.js';

const agent = new Agent({ keepAlive: true });
const servers: SampleServer[] = [];

afterEach(async () => {
  agent.destroy();
  for (const server of servers.splice(0)) await server.close();
});

async function urlOf(behaviour: Behaviour, random = seededRandom(1)): Promise<string> {
  const server = createSampleServer({ name: 'orders/3', behaviour: () => behaviour, random });
  servers.push(server);
  return `http://127.0.0.1:${await server.listen(0)}/orders/42`;
}

describe('a client of the demo', () => {
  it('reads an answer whole, and who gave it', async () => {
    const ending = await ask(await urlOf('steady'), agent, 5_000);
    expect(ending).toMatchObject({ kind: 'answered', status: 200, sample: 'orders/3' });
    expect(ending.kind === 'answered' && JSON.parse(ending.body)).toMatchObject({ from: 'orders/3' });
  });

  it('gives up at its deadline, not before and not much later', async () => {
    const startedAtMs = performance.now();
    expect(await ask(await urlOf('stalling'), agent, 150)).toEqual({ kind: 'timeout' });
    const elapsedMs = performance.now() - startedAtMs;
    expect(elapsedMs).toBeGreaterThan(145);
    expect(elapsedMs).toBeLessThan(1_500);
  });

  it('gives up at once when its deadline has passed before it could begin', async () => {
    expect(await ask(await urlOf('stalling'), agent, -10)).toEqual({ kind: 'timeout' });
  });

  it('tells a dropped connection from a refused one and from a failure that was answered', async () => {
    const dropping = await urlOf('failing', () => 0);
    const answering = await urlOf('failing', () => 0.9);
    expect(await ask(dropping, agent, 5_000)).toEqual({ kind: 'broken', reason: 'connection reset' });
    expect(await ask(answering, agent, 5_000)).toMatchObject({ kind: 'answered', status: 500, sample: 'orders/3' });
    await servers.shift()?.close();
    expect(await ask(dropping, agent, 5_000)).toEqual({ kind: 'broken', reason: 'connection refused' });
  });
});
