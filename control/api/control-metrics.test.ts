import { expect, it } from 'vitest';
import { peopleApi } from '../people/testing/people-api.js';
import { controlMetrics } from './control-metrics.js';
import { buildAdminApi } from './server.js';

it('a control tells how many changes it has made and refused, by what, and nobody who is not signed in', async () => {
  const { people, registry, local } = await peopleApi();
  await registry.must('team.create', { id: 'red', name: 'Red' });
  const server = buildAdminApi({
    ...{ listen: { host: '127.0.0.1', port: 9080 }, status: () => ({ nodes: [] }) as never },
    cache: { purge: async () => ({ obeyed: [], missing: [] }), inspect: async () => ({ nodes: [], missing: [] }) },
    access: { callers: people.callers, publicUrl: null, version: '0.0.0', routes: [] },
    metrics: () => controlMetrics(registry.writes(), ['the revision log is away']),
  });
  const ask = (headers: object) => server.inject({ url: '/metrics', headers: { host: 'localhost:9080', ...headers } });
  expect((await ask({})).statusCode).toBe(401);
  const { statusCode, headers, body } = await ask(local);
  expect([statusCode, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  expect(body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'weir_control_writes_total 1',
    ...['user', 'team', 'queue', 'log'].map((by) => `weir_control_refused_writes_total{by="${by}"} 0`),
    'weir_control_troubles 1',
  ]);
  // Each has its help and its type before it, as the format wants it.
  expect(body.match(/^# (HELP|TYPE) weir_control_\w+/gm)?.length).toBe(6);
});
