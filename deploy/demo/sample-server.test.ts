import { Agent, type IncomingMessage, request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createSampleServer, type SampleServer } from './sample-server.js';
import { type Behaviour, seededRandom } from './schedule.js';

const open: { server: SampleServer; agent: Agent }[] = [];

afterEach(async () => {
  for (const { server, agent } of open.splice(0)) {
    agent.destroy();
    await server.close();
  }
});

interface Asked {
  readonly status: number;
  readonly sample: string | undefined;
  readonly elapsedMs: number;
}

/** A sample server whose behaviour the test sets, and a client for it. */
async function sample(first: Behaviour) {
  let behaviour = first;
  const server = createSampleServer({ name: 'orders/1', behaviour: () => behaviour, random: seededRandom(1) });
  const agent = new Agent({ keepAlive: true });
  open.push({ server, agent });
  const port = await server.listen(0);
  const ask = (): Promise<Asked> => {
    const startedAtMs = performance.now();
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path: '/orders/42', agent }, (response: IncomingMessage) => {
        response.resume();
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            sample: response.headers['x-sample']?.toString(),
            elapsedMs: performance.now() - startedAtMs,
          }),
        );
      });
      asked.once('error', reject);
      asked.end();
    });
  };
  const turn = (next: Behaviour): void => {
    behaviour = next;
    server.refresh();
  };
  return { ask, turn };
}

describe('a sample upstream', () => {
  it('answers sooner when it is steady than when it is slow, and says who it is', async () => {
    const { ask } = await sample('steady');
    const { ask: askSlow } = await sample('slow');
    // At the same time, so that a machine that is busy is so for both.
    const [answers, slow] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, ask)),
      Promise.all(Array.from({ length: 10 }, askSlow)),
    ]);
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, sample: 'orders/1' });
    const soonest = (all: typeof answers): number => Math.min(...all.map((one) => one.elapsedMs));
    expect(soonest(answers)).toBeLessThan(soonest(slow));
  });

  it('takes its time when it is slow, but serves many at once', async () => {
    const { ask } = await sample('slow');
    const answers = await Promise.all(Array.from({ length: 8 }, ask));
    for (const { status, elapsedMs } of answers) {
      expect(status).toBe(200);
      expect(elapsedMs).toBeGreaterThan(290);
    }
    expect(Math.max(...answers.map((one) => one.elapsedMs))).toBeLessThan(2_000);
  });

  it('holds every request while it stalls, and answers them when the stall is over', async () => {
    const { ask, turn } = await sample('stalling');
    let answered = 0;
    const held = Array.from({ length: 3 }, async () => {
      await ask();
      answered += 1;
    });
    const other = await sample('slow');
    await other.ask(); // 300 ms at least have passed on the same event loop.
    expect(answered).toBe(0);
    turn('steady');
    await Promise.all(held);
    expect(answered).toBe(3);
  });

  it('fails in two ways, at once', async () => {
    const { ask } = await sample('failing');
    const results = await Promise.allSettled(Array.from({ length: 20 }, ask));
    const answered = results.filter((one) => one.status === 'fulfilled').map((one) => one.value.status);
    const dropped = results.filter((one) => one.status === 'rejected');
    expect(new Set(answered)).toEqual(new Set([500]));
    expect(dropped.length).toBeGreaterThan(0);
    expect(answered.length).toBeGreaterThan(0);
  });

  it('serves one after the other when it is overloaded, and catches up afterwards', async () => {
    const { ask, turn } = await sample('overloaded');
    const order: number[] = [];
    const asked = [0, 1, 2, 3, 4, 5, 6, 7].map(async (number) => {
      const { elapsedMs } = await ask();
      order.push(number);
      return elapsedMs;
    });
    const first = await Promise.race(asked);
    expect(first).toBeGreaterThan(390);
    expect(order).toHaveLength(1);
    turn('steady');
    // Whoever comes now stands behind those who wait.
    const late = ask().then(() => order.push(8));
    const all = await Promise.all(asked);
    await late;
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(Math.max(...all)).toBeLessThan(3 * 400);
  });
});
