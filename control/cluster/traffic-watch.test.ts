import { subscriptionsMax } from '@weir/proto/bus/bus.js';
import { encodeMessage } from '@weir/proto/events/wire.js';
import { expect, it } from 'vitest';
import { TrafficWatch } from './traffic-watch.js';

const WORKERS = 1_500;

it('all of more nodes than a bus takes questions at a time are asked, also where some of them are silent', async () => {
  let [exchanges, asking, most] = [0, 0, 0];
  const presence = {
    async ask(id: string) {
      // As the bus does with what is more.
      if (asking >= subscriptionsMax) return null;
      asking += 1;
      most = Math.max(most, asking);
      await new Promise(setImmediate);
      asking -= 1;
      if (id.endsWith('00')) return null;
      const counts = { exchanges, failed: 0, timeouts: 0, turnedAway: 0, slots: [] };
      return encodeMessage({ kind: 'traffic', id, session: 1, version: 1, labels: ['zone=a'], counts });
    },
  };
  const there = Array.from({ length: WORKERS }, (_, at) => ({ member: `n${at}`, host: `n${at}` }));
  const answering = there.filter(({ member }) => !member.endsWith('00')).length;
  const watch = new TrafficWatch(presence, { there: () => there });
  const candidates = await watch.candidates();
  expect([candidates.length, candidates.filter(({ labels }) => labels[0] === 'zone=a').length]).toEqual([
    WORKERS,
    answering,
  ]);
  for (const [at, answered] of [0, 10].entries()) {
    exchanges = answered;
    await watch.look(at * 1_000);
  }
  expect(watch.evidence([]).rest.exchanges).toBe(10 * answering);
  // Room for whatever else this control asks.
  expect(most).toBeLessThanOrEqual(subscriptionsMax / 2);
});
